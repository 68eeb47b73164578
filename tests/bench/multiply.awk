# multiply.awk -v bytes=SIZE -v wanted=BYTES PROFILE: a heap profile of gperftools or jemalloc that is about as large
# as wanted: its rows again and again, each time with another last byte in the address of the second frame, so that the
# stacks differ; the totals above them to match; its mappings once.

# Multiplies the numbers of a line of totals, but not the number in a name such as t0.
function multiplied(text,   out, before, number) {
  while (match(text, /[0-9]+[]:]/)) {
    before = substr(text, 1, RSTART - 1)
    number = substr(text, RSTART, RLENGTH - 1)
    out = out before (before ~ /t$/ ? number : number * copies)
    text = substr(text, RSTART + RLENGTH - 1)
  }
  return out text
}
BEGIN { copies = int(wanted / bytes) + 1; if (copies > 255) copies = 255 }
/^MAPPED_LIBRARIES/ { part = "mappings" }
part == "mappings" { mapping[++mappings] = $0; next }
NR == 1 && /^heap_v2/ { print; part = "totals"; next }
NR == 1 { print multiplied($0); part = "rows"; next }
part == "totals" && /^@/ { part = "rows" }
part == "totals" { print multiplied($0); next }
{ row[++rows] = $0 }
END {
  for (copy = 0; copy < copies; copy++)
    for (i = 1; i <= rows; i++) {
      text = row[i]
      if (match(text, /@ +0x[0-9a-f]+ +0x[0-9a-f]+/))
        text = substr(text, 1, RSTART + RLENGTH - 3) sprintf("%02x", copy) substr(text, RSTART + RLENGTH)
      print text
    }
  for (i = 1; i <= mappings; i++) print mapping[i]
}
