# The repository of a target's sources, R/.source.git: no worktree, no hooks, no configuration but its own.
# shellcheck shell=bash
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
unset GIT_INDEX_FILE GIT_WORK_TREE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
unset GIT_DIR

# git_start R: makes the repository if it is not there, and points git at it.
git_start() {
  local folder
  folder=$(cd "$1" && pwd)/.source.git
  [ -e "$folder/HEAD" ] || git init -q --bare "$folder"
  # What a source says of its own files must not change what is archived: the same bytes in both arms.
  mkdir -p "$folder/info"
  printf '* -text -filter -ident -working-tree-encoding -export-ignore -export-subst\n' >"$folder/info/attributes"
  export GIT_DIR=$folder
}

# git_commit TREE MESSAGE PARENT: a commit whose id depends on these alone.
git_commit() {
  local parent=()
  [ -z "$3" ] || parent=(-p "$3")
  GIT_AUTHOR_NAME=assay GIT_AUTHOR_EMAIL=assay@localhost GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' \
    GIT_COMMITTER_NAME=assay GIT_COMMITTER_EMAIL=assay@localhost GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
    git commit-tree "${parent[@]}" -m "$2" "$1"
}

# archive COMMIT FILE: its files as a tar, the same bytes each time.
archive() {
  git archive --format=tar -o "$2.new" "$1"
  mv -f "$2.new" "$2"
}
