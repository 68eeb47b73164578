/* memo: makes a file by a command, unless the record beside the file says that nothing differs.
 *
 * In: the file to make, the command whose standard output it is to hold, and what the command depends on (files and
 * folders). Out: the file, whole or not at all, and beside it the records by which the next call, and make, can tell
 * whether the command or the content of a prerequisite differs from what made it. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <getopt.h>
#include <sha256.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "memory.h"
#include "report.h"

static const char help[] =
    "usage: memo OUT COMMAND [PREREQUISITE...]\n"
    "\n"
    "Makes the file OUT from what COMMAND (run by bash -euo pipefail -c) writes to its\n"
    "standard output, unless COMMAND and the content of all PREREQUISITEs (files or\n"
    "folders) are those that OUT was made from: then OUT is touched and nothing runs.\n"
    "COMMAND's exit status 75 says that OUT cannot be made now: OUT stays as it is.\n"
    "\n"
    "  -h, --help     show this\n"
    "  -V, --version  show the version\n"
    "\n"
    "Environment: ASSAY_FRESH=1 runs COMMAND in any case. ASSAY_HEAVY=no says that not\n"
    "everything is being made: a missing PREREQUISITE is then no error, and OUT waits.\n"
    "\n"
    "Exit status: 0 made, fresh or waiting; COMMAND's, or 128 + N if signal N ended it;\n"
    "1 if a file cannot be read or written; 2 for bad usage.\n";

enum { EXIT_PENDING = 75, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

enum { BLOCK_SIZE = 1 << 18, DIGEST_RECORD_LENGTH = SHA256_DIGEST_LENGTH * 2 + 1 };

/* OUT and what stands beside it, for OUT = FOLDER/NAME. */
struct paths {
  const char *out;
  char *fresh;   /* .NAME.new: what the command writes, until it is whole */
  char *command; /* .NAME.cmd: the command that made OUT, exactly; for make to compare */
  char *sum;     /* .NAME.sum: the digest of the command and of what it read; missing while OUT is being replaced */
  char *pending; /* .NAME.pending: there while OUT is known to be out of date, since it could not be made */
};

struct job {
  struct paths paths;
  const char *command;
  char **prerequisites;
  size_t count;
  bool is_partial; /* ASSAY_HEAVY=no */
};

/* FOLDER/.NAME + suffix for path = FOLDER/NAME. */
static char *beside(const char *path, const char *suffix) {
  const char *slash = strrchr(path, '/');
  size_t folder_length = slash ? (size_t)(slash - path) + 1 : 0;
  struct text result = {0};
  text_append(&result, path, folder_length);
  text_append_char(&result, '.');
  text_append_string(&result, path + folder_length);
  text_append_string(&result, suffix);
  return result.bytes;
}

/* Digests. Each part enters with a letter for its kind and its length, so that no two different lists of parts give the
 * same bytes. */

static void add_part(SHA2_CTX *sum, char kind, const void *bytes, size_t length) {
  unsigned char head[9] = {(unsigned char)kind};
  for (size_t i = 1; i < sizeof head; i++) head[i] = (unsigned char)(length >> 8 * (i - 1));
  SHA256Update(sum, head, sizeof head);
  SHA256Update(sum, bytes, length);
}

static void add_string(SHA2_CTX *sum, char kind, const char *string) { add_part(sum, kind, string, strlen(string)); }

/* Adds a digest of the file's content: its length is known only when it has been read. */
static void add_content(SHA2_CTX *sum, const char *path) {
  static unsigned char block[BLOCK_SIZE];
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_at(path, 0, "this prerequisite cannot be opened: %s", strerror(errno));
  SHA2_CTX content;
  SHA256Init(&content);
  ssize_t count;
  while ((count = read(descriptor, block, sizeof block)) != 0) {
    if (count > 0) SHA256Update(&content, block, (size_t)count);
    else if (errno != EINTR) fail_at(path, 0, "this prerequisite cannot be read: %s", strerror(errno));
  }
  close(descriptor);
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256Final(digest, &content);
  add_part(sum, 'c', digest, sizeof digest);
}

static void add_link(SHA2_CTX *sum, const FTSENT *entry) {
  struct text target = {0};
  ssize_t length;
  do {
    grow(&target.bytes, &target.capacity, target.capacity + 1, 1);
    length = readlink(entry->fts_accpath, target.bytes, target.capacity);
    if (length < 0) fail_at(entry->fts_path, 0, "this link cannot be read: %s", strerror(errno));
  } while ((size_t)length == target.capacity);
  add_part(sum, 'l', target.bytes, (size_t)length);
  text_free(&target);
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* Adds the files and links below a folder: names, contents, whether a file is executable. Empty folders and special
 * files do not count. */
static void add_folder(SHA2_CTX *sum, const char *path) {
  char *top = take_copy(path);
  FTS *walk = fts_open((char *[]){top, NULL}, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
  if (!walk) fail_at(path, 0, "this prerequisite cannot be read: %s", strerror(errno));
  errno = 0;
  for (FTSENT *entry; (entry = fts_read(walk)); errno = 0) {
    const char *name = entry->fts_path + strlen(top);
    switch (entry->fts_info) {
      case FTS_F:
        add_string(sum, entry->fts_statp->st_mode & S_IXUSR ? 'x' : 'f', name);
        add_content(sum, entry->fts_accpath);
        break;
      case FTS_SL:
      case FTS_SLNONE:
        add_string(sum, 's', name);
        add_link(sum, entry);
        break;
      case FTS_DNR:
      case FTS_ERR:
      case FTS_NS:
        fail_at(entry->fts_path, 0, "this prerequisite cannot be read: %s", strerror(entry->fts_errno));
      default: break;
    }
  }
  if (errno) fail_at(path, 0, "this prerequisite cannot be read: %s", strerror(errno));
  fts_close(walk);
  free(top);
}

/* false when it is missing. */
static bool add_prerequisite(SHA2_CTX *sum, const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    fail_at(path, 0, "this prerequisite cannot be examined: %s", strerror(errno));
  }
  add_string(sum, 'p', path);
  if (S_ISDIR(status.st_mode)) add_folder(sum, path);
  else if (S_ISREG(status.st_mode)) add_content(sum, path);
  else fail_at(path, 0, "is neither a file nor a folder; a prerequisite must be");
  return true;
}

/* Writes the digest of the job in hex, with a newline, to record; the prerequisite that is missing, or NULL. */
static const char *digest_job(const struct job *job, char record[DIGEST_RECORD_LENGTH + 1]) {
  SHA2_CTX sum;
  SHA256Init(&sum);
  add_string(&sum, 'm', job->command);
  for (size_t i = 0; i < job->count; i++)
    if (!add_prerequisite(&sum, job->prerequisites[i])) return job->prerequisites[i];
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256Final(digest, &sum);
  for (size_t i = 0; i < sizeof digest; i++) snprintf(record + 2 * i, 3, "%02x", digest[i]);
  strcpy(record + DIGEST_RECORD_LENGTH - 1, "\n");
  return NULL;
}

/* Records. */

/* Whether the file holds exactly content; a file that cannot be read does not. */
static bool holds(const char *path, const char *content) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  size_t wanted = strlen(content), length = 0;
  char *found = take(wanted + 1);
  ssize_t count;
  while (length <= wanted && (count = read(descriptor, found + length, wanted + 1 - length)) != 0) {
    if (count > 0) length += (size_t)count;
    else if (errno != EINTR) break;
  }
  bool equal = length == wanted && memcmp(found, content, wanted) == 0;
  close(descriptor);
  free(found);
  return equal;
}

static void remove_file(const char *path) {
  if (unlink(path) != 0 && errno != ENOENT) fail_at(path, 0, "cannot be removed: %s", strerror(errno));
}

static void rename_file(const char *from, const char *to) {
  if (rename(from, to) != 0) fail_at(to, 0, "cannot be replaced: %s", strerror(errno));
}

/* A new file: what an earlier memo that was killed may still be writing to is another. */
static int create_file(const char *path) {
  remove_file(path);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) fail_at(path, 0, "cannot be created: %s", strerror(errno));
  return descriptor;
}

static void write_record(const char *path, const char *content) {
  char *fresh = take(strlen(path) + sizeof ".new");
  strcat(strcpy(fresh, path), ".new");
  int descriptor = create_file(fresh);
  for (size_t left = strlen(content); left > 0;) {
    ssize_t count = write(descriptor, content, left);
    if (count < 0 && errno != EINTR) fail_at(fresh, 0, "cannot be written: %s", strerror(errno));
    if (count > 0) content += count, left -= (size_t)count;
  }
  if (close(descriptor) != 0) fail_at(fresh, 0, "cannot be written: %s", strerror(errno));
  rename_file(fresh, path);
  free(fresh);
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* OUT could not be made now: what is there is out of date, and whoever reads it is to wait. */
static int stay_pending(const struct paths *paths) {
  if (exists(paths->out)) close(create_file(paths->pending));
  return EXIT_SUCCESS;
}

static bool is_pending(const char *prerequisite) {
  char *mark = beside(prerequisite, ".pending");
  bool pending = exists(mark);
  free(mark);
  return pending;
}

static bool waits_for_any(const struct job *job) {
  for (size_t i = 0; i < job->count; i++)
    if (is_pending(job->prerequisites[i])) return true;
  return false;
}

/* The command. */

_Noreturn static void become(const char *command, int output, pid_t memo) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != memo) _exit(EXIT_SIGNAL + SIGKILL);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) fail_at("/dev/null", 0, "cannot be opened: %s", strerror(errno));
  if (dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
    fail("cannot redirect the command: %s", strerror(errno));
  execlp("bash", "bash", "-euo", "pipefail", "-c", command, (char *)NULL);
  report_warning("bash: cannot be run: %s", strerror(errno));
  _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

/* Runs the command; its exit status, or 128 + N. */
static int run_command(const char *command, int output) {
  signal(SIGCHLD, SIG_DFL);
  pid_t memo = getpid(), child = fork();
  if (child < 0) fail("cannot start a process: %s", strerror(errno));
  if (child == 0) become(command, output, memo);
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("cannot wait for the command: %s", strerror(errno));
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
}

/* Gives the file the time at which the command started, and puts it onto the disk. With the time of its end, make would
 * not see that a prerequisite was edited while the command ran. */
static void seal(int output, const char *path, struct timespec started) {
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, started};
  if (futimens(output, times) != 0 || fsync(output) != 0 || close(output) != 0) {
    int error = errno;
    unlink(path);
    fail_at(path, 0, "cannot be written: %s", strerror(error));
  }
}

/* Runs the command and replaces OUT. Whatever is interrupted on the way leaves no record that calls OUT fresh. */
static int make_output(const struct job *job, const char *record) {
  const struct paths *paths = &job->paths;
  int output = create_file(paths->fresh);
  struct stat created;
  if (fstat(output, &created) != 0) fail_at(paths->fresh, 0, "cannot be examined: %s", strerror(errno));
  int status = run_command(job->command, output);
  if (status != EXIT_SUCCESS) {
    remove_file(paths->fresh);
    return status == EXIT_PENDING ? stay_pending(paths) : status;
  }
  seal(output, paths->fresh, created.st_mtim);
  remove_file(paths->sum);
  rename_file(paths->fresh, paths->out);
  write_record(paths->command, job->command);
  remove_file(paths->pending);
  write_record(paths->sum, record);
  return EXIT_SUCCESS;
}

/* Answers make's question, why OUT is older than a prerequisite, for good. */
static int confirm_output(const struct job *job) {
  const struct paths *paths = &job->paths;
  if (!holds(paths->command, job->command)) write_record(paths->command, job->command);
  remove_file(paths->pending);
  if (utimensat(AT_FDCWD, paths->out, NULL, 0) != 0) fail_at(paths->out, 0, "cannot be touched: %s", strerror(errno));
  return EXIT_SUCCESS;
}

static int update(const struct job *job) {
  char record[DIGEST_RECORD_LENGTH + 1];
  const char *missing = digest_job(job, record);
  if (missing && job->is_partial) return stay_pending(&job->paths);
  if (missing) fail_at(missing, 0, "is missing; %s cannot be made without it", job->paths.out);
  const char *fresh = getenv("ASSAY_FRESH");
  bool is_forced = fresh && strcmp(fresh, "1") == 0;
  if (!is_forced && exists(job->paths.out) && holds(job->paths.sum, record)) return confirm_output(job);
  if (job->is_partial && waits_for_any(job)) return stay_pending(&job->paths);
  make_folder_of(job->paths.out);
  return make_output(job, record);
}

static struct job parse(int count, char **arguments) {
  static const struct option names[] = {
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {0},
  };
  opterr = 0;
  for (int option; (option = getopt_long(count, arguments, "+hV", names, NULL)) != -1;) {
    if (option == 'h') show_help(help);
    if (option == 'V') show_version();
    fail_usage("there is no option '%s'", arguments[optind - 1]);
  }
  if (count - optind < 2) fail_usage("a file to make and a command are expected");
  struct job job = {.command = arguments[optind + 1], .prerequisites = arguments + optind + 2};
  for (char **path = job.prerequisites; *path; path++)
    if (strcmp(*path, "FORCE") != 0) job.prerequisites[job.count++] = *path;
  const char *out = arguments[optind], *slash = strrchr(out, '/'), *name = slash ? slash + 1 : out;
  struct stat status;
  if (!*name || (stat(out, &status) == 0 && !S_ISREG(status.st_mode)))
    fail_usage("'%s' is not the name of a file to make", out);
  const char *heavy = getenv("ASSAY_HEAVY");
  job.is_partial = heavy && strcmp(heavy, "no") == 0;
  job.paths = (struct paths){.out = out,
                             .fresh = beside(out, ".new"),
                             .command = beside(out, ".cmd"),
                             .sum = beside(out, ".sum"),
                             .pending = beside(out, ".pending")};
  return job;
}

static void paths_free(struct paths *paths) {
  free(paths->fresh);
  free(paths->command);
  free(paths->sum);
  free(paths->pending);
}

int main(int count, char **arguments) {
  report_tool("memo");
  struct job job = parse(count, arguments);
  int status = update(&job);
  paths_free(&job.paths);
  return status;
}
