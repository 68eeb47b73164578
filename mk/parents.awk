# Prints NAME=PARENT for each experiment's patch. PARENT: - for the base, a name, !unknown, !cycle.
# A file whose name is not allowed: !NAME alone.
BEGIN {
  for (i = 1; i < ARGC; i++) {
    name = ARGV[i]
    sub(/.*\//, "", name)
    sub(/\.patch$/, "", name)
    if (name == "*") continue
    if (name !~ /^[A-Za-z0-9][A-Za-z0-9._+-]*$/ || name ~ /^(profiles|candidates\.md|logs|baseline|aa)$/) {
      gsub(/[^A-Za-z0-9._+-]/, "?", name)
      print "!" name
    } else {
      order[++count] = name
      parent[name] = "-"
    }
  }
}
FNR == 1 {
  name = FILENAME
  sub(/.*\//, "", name)
  sub(/\.patch$/, "", name)
  if (!(name in parent)) name = ""
  in_message = 1
}
/^(diff --git|---$)/ { in_message = 0 }
name != "" && in_message && /^Parent:/ {
  value = $0
  sub(/^Parent:[ \t]*/, "", value)
  sub(/[ \t\r]+$/, "", value)
  if (value != "" && value != "base") parent[name] = value ~ /^[A-Za-z0-9][A-Za-z0-9._+-]*$/ ? value : "!unknown"
}
END {
  for (i = 1; i <= count; i++) {
    name = order[i]
    answer = parent[name]
    if (answer != "-" && !(answer in parent)) answer = "!unknown"
    else {
      for (ancestor = answer; ancestor in parent; ancestor = parent[ancestor])
        if (ancestor == name || ++steps[name] > count) { answer = "!cycle"; break }
    }
    print name "=" answer
  }
}
