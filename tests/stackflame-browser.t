#!/bin/bash
# stackflame in a browser (headless Chromium): clicks, searches, keys; widths and percentages against rankalloc's.
# shellcheck disable=SC2016,SC2317,SC2089,SC2090 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackflame

# Runs the steps of the file steps in the flame graph $1; what it says is in the file said.
drive() {
  local chromium
  chromium=$(command -v chromium || command -v chromium-browser)
  perl -e '
    my ($svg, $steps, $driver) = map { local (@ARGV, $/) = $_; <> } @ARGV;
    $steps =~ s/&/&amp;/g; $steps =~ s/</&lt;/g; $steps =~ s/>/&gt;/g;
    $svg =~ s{</svg>\s*\z}{<desc id="steps">$steps</desc><script><![CDATA[$driver]]></script></svg>};
    print $svg' "$1" steps "$D/drive.js" >driven.svg
  xmllint --noout driven.svg
  rm -rf profile
  timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$PWD/profile" \
    --window-size=1200,800 --virtual-time-budget=100000 --dump-dom "file://$PWD/driven.svg" >dom 2>chromium.err ||
    { cat chromium.err; return 1; }
  perl -ne 'BEGIN { undef $/ }
    my ($said) = m{<desc id="said">\n(.*)</desc>}s or die "nothing was said\n";
    $said =~ s/&lt;/</g; $said =~ s/&gt;/>/g; $said =~ s/&amp;/&/g; print $said' dom >said
}
# Cumulative share of the function $2 in the file $1, as rankalloc has it, and in millionths of the width.
share() { rankalloc -n 0 --cum --by line "$1" | awk -F'\t' -v name="$2" '$2 == name { print $6 " %" }'; }
millionths() {
  rankalloc -n 0 --cum --by line "$1" | awk -F'\t' -v name="$2" -v total="$(awk '{ sum += $NF } END { print sum }' "$1")" \
    '$2 == name { printf "%.0f\n", $5 * 1e6 / total }'
}
export -f drive share millionths

if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
  skip 'chromium is not installed' 'clicks, searches and keys do what they say'
  finish
fi

# Frames with all that is special in XML, JavaScript and regular expressions; recursion; frames too narrow to be drawn.
hostile=$'x<y>::operator&("a", \'b\')]]></script><b>'
long=long_$(printf 'n%.0s' {1..3990})_end
unicode=$'na\xc3\xafve_\xe5\x87\xbd\xe6\x95\xb0_\xf0\x9f\x94\xa5_fn'
export hostile long unicode
{
  echo "main;$hostile;leaf 2000"
  echo "main;$hostile;again;$hostile;leaf 1000"
  echo "main;$long;leaf 1500"
  echo "main;$unicode;\$(id)\`id\`\\d+[a-z]* 1700"
  echo 'main;wide (a.py:1);wide (a.py:2) 3000'
  for ((i = 0; i < 100; i++)); do echo "main;narrow_$i;leaf $((i % 3 + 1))"; done
  echo 'other;main 300'
} >hostile.folded

test_that 'clicks, searches and keys do what they say, with hostile frames, and percentages are those of rankalloc' '
  stackflame --unit samples --min-width 6 hostile.folded >hostile.svg
  cat >steps <<END
elements
width all
width $hostile
width $long
width $unicode
label $hostile
label $long
label $unicode
click $hostile
width $hostile
width main
width $long
details
reset
width $long
shift-click $hostile
matched
hits
search leaf
matched
search ^leaf\$
matched
search ^main\$
matched
search narrow_7\$
matched
search wide
matched
search [
matched
search no such name
matched
reset
matched
hits
focus
press ArrowUp
press ArrowUp
details
press ArrowRight
press Enter
details
press s
matched
press Escape
matched
press /
focused
END
  drive hostile.svg
  cat >want <<END
elements 0
width 1000000 all
width $(( ($(millionths hostile.folded "$hostile") + 0) )) $hostile
width $(millionths hostile.folded "$long") $long
width $(millionths hostile.folded "$unicode") $unicode
label fits $hostile
label fits $(grep "^label fits long_nnnn*\.\.\$" said | cut -c 12-)
label fits $unicode
width 1000000 $hostile
width 1000000 main
width 0 $long
details $(share hostile.folded "$hostile"), 3,000 samples, 100.00 % of what is zoomed to: $hostile
width $(millionths hostile.folded "$long") $long
matched Matched $(share hostile.folded "$hostile") of all (1 name)
hits 2
matched Matched $(share hostile.folded leaf) of all (1 name)
matched Matched $(share hostile.folded leaf) of all (1 name)
matched Matched $(share hostile.folded main) of all (1 name)
matched No name matches
matched Matched $(share hostile.folded "wide (a.py:1)") of all (2 names)
matched Matched $(share hostile.folded "$unicode") of all (1 name)
matched No name matches
matched 
hits 0
details $(share hostile.folded "$long"), 1,500 samples: $long
details $(share hostile.folded "$unicode"), 1,700 samples, 100.00 % of what is zoomed to: $unicode
matched Matched $(share hostile.folded "$unicode") of all (1 name)
matched 
focused input
end
END
  same want said
'

# A real profile: the functions with the greatest cumulative value, each searched for by its whole name; most have a part in
# frames that are too narrow to be drawn.
test_that 'in a real profile, what a search says of a function is what rankalloc says' '
  zstd -dc "$D/clang.folded.zst" >real.folded
  stackflame real.folded >real.svg
  rankalloc -n 40 --cum --by line real.folded | tail -n +2 >top
  cut -f 2 top | perl -pe "chomp; s{([][.*+?^\\\${}()|\\\\])}{\\\\\$1}g; \$_ = qq(search ^\$_\\\$\nmatched\n)" >steps
  drive real.svg
  awk -F"\t" "{ print \"matched Matched \" \$6 \" % of all (1 name)\" } END { print \"end\" }" top >want
  same want said
  test "$(wc -l <want)" = 41
'
finish
