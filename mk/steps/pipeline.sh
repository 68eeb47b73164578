# The text of pipelines, as it stands in profile.sh and as it folds. Sourced by script.sh and profile.sh.
# shellcheck shell=bash

# pipelines_text PROFILER...: their functions. Those that several share are in pipelines/NAME.sh under names NAME.WORD; they
# stand first, where they are called. What a profiler brings along, a file of its name (or of its name without the last word,
# where several share it), is put into the text.
# The caller's variables are put into it too: settings, the target's profiler_settings, and function, the one that an
# experiment is about.
pipelines_text() {
  local profiler file capture texts=() shared
  for profiler; do texts+=("pipelines/$profiler.sh.in"); done
  scriptgen -D SETTINGS="${settings-}" pipelines/settings.sh.in
  echo
  # Shared ones may call one another.
  mapfile -t shared < <(shared_by "${texts[@]}")
  mapfile -t shared < <(shared_by "${texts[@]}" "${shared[@]}")
  if [ ${#shared[@]} -gt 0 ]; then cat "${shared[@]}"; fi
  for profiler; do
    capture=()
    for file in "pipelines/$profiler".{py,c} "pipelines/${profiler%-*}".{py,c}; do
      if [ -e "$file" ]; then
        capture=(-F CAPTURE="$file")
        break
      fi
    done
    scriptgen -D FUNCTION="${function-}" "${capture[@]}" "pipelines/$profiler.sh.in"
  done
}

# shared_by FILE...: those of pipelines/*.sh whose functions the FILEs call.
shared_by() {
  local file name
  for file in pipelines/*.sh; do
    name=${file##*/}
    if grep -qE "(^|[^a-z-])${name%.sh}\\.[a-z]" "$@"; then echo "$file"; fi
  done
}
