#!/bin/bash
# base.sh T R: the target's source, a folder, a pinned commit or a pinned source package, becomes the commit `base` of a
# repository of its own, R/.source.git; the user's copy is only read. The commit's id depends on the content alone.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/git.sh
. mk/steps/git.sh
T=$1 R=$2
source=$(value "$R/target.tsv" source)
name=$(value "$R/target.tsv" name)

case $source in
folder:*)
  tree_of="$T/${source#folder:}"
  origin=$source
  ;;
git:*)
  commit=$(value "$R/target.tsv" commit)
  clone=$R/.clone
  # A source on this machine may have its submodules on this machine; one from elsewhere may not.
  local_files=()
  case ${source#git:} in /* | file:*) local_files=(-c protocol.file.allow=always) ;; esac
  if [ "$(git -C "$clone" rev-parse HEAD 2>/dev/null)" != "$commit" ]; then
    heavy "fetch ${source#git:}"
    say "fetching ${source#git:} at $commit"
    rm -rf "$clone"
    git init -q "$clone"
    depth=$(value "$R/target.tsv" depth)
    depth_option=()
    [ "$depth" = full ] || depth_option=(--depth "$depth")
    git -C "$clone" fetch -q "${depth_option[@]}" -- "${source#git:}" "$commit" 2>"$X/logs/fetch.log" ||
      git -C "$clone" fetch -q -- "${source#git:}" '+refs/heads/*:refs/fetched/*' 2>>"$X/logs/fetch.log" ||
      stop "cannot fetch ${source#git:}: $(tail -n 1 "$X/logs/fetch.log")"
    git -C "$clone" -c core.hooksPath=/dev/null checkout -q --detach "$commit" 2>>"$X/logs/fetch.log" ||
      stop "${source#git:} has no commit $commit: $(tail -n 1 "$X/logs/fetch.log")"
    submodules=$(value "$R/target.tsv" submodules)
    case $submodules in
    none) ;;
    all) git "${local_files[@]}" -C "$clone" submodule -q update --init --recursive "${depth_option[@]}" 2>>"$X/logs/fetch.log" ||
      stop "cannot fetch the submodules: $(tail -n 1 "$X/logs/fetch.log")" ;;
    *)
      read -ra paths <<<"${submodules//,/ }"
      git "${local_files[@]}" -C "$clone" submodule -q update --init "${depth_option[@]}" -- "${paths[@]}" 2>>"$X/logs/fetch.log" ||
        stop "cannot fetch the submodules $submodules: $(tail -n 1 "$X/logs/fetch.log")"
      ;;
    esac
  fi
  tree_of=$clone
  origin="$source@$commit"
  ;;
debian:*)
  pinned=$(value "$R/target.tsv" sha256)
  package=$R/.package
  origin="$source ($pinned)"
  if [ "$(cat "$package/fetched" 2>/dev/null)" != "$origin" ]; then
    heavy "fetch ${source#debian:}"
    say "fetching the source package ${source#debian:}"
    name_and_version=${source#debian:}
    mk/steps/debsource.sh "${name_and_version%%=*}" "${name_and_version#*=}" "$pinned" "$package" >"$X/logs/fetch.log" 2>&1 ||
      stop "cannot fetch ${source#debian:}: $(tail -n 1 "$X/logs/fetch.log")"
    printf '%s\n' "$origin" >"$package/fetched"
  fi
  tree_of=$package/tree
  ;;
esac

git_start "$R"
rm -f "$GIT_DIR/index"
# Nested repositories (submodules) are imported as plain files.
import=$R/.import
rm -rf "$import"
mkdir -p "$import"
tar -C "$tree_of" --exclude=.git --exclude=__pycache__ -cf - . | tar -C "$import" -xf -
GIT_WORK_TREE=$import git add --force --all .
commit=$(git_commit "$(git write-tree)" "$name: $origin" '')
rm -rf "$import"
git update-ref refs/heads/base "$commit"
archive "$commit" "$X/source-A.tar"
printf '%s\n' "$commit" | replace "$X/commit-A"
artifact source-A.tar
artifact commit-A
