# A profile of pprof from lines of words; the strings that they name are numbered here. `-` is the empty string.
#   type NAME UNIT                  sample LOCATION,... VALUE,... [KEY=LABEL]
#   location ID MAPPING ADDRESS [FUNCTION:LINE ...]
#   function ID NAME SYSTEM_NAME FILE         mapping ID START LIMIT OFFSET FILE BUILD_ID
#   default NAME                    strings (put those named so far here)
#   raw HEX (bytes as they are)
use strict;
my (@strings, %index, $written);
sub index_of { my $s = $_[0] eq "-" ? "" : $_[0]; $s =~ s/\\s/ /g; $index{$s} //= (push @strings, $s) - 1 }
index_of("-");
sub varint { my $n = $_[0]; $n = 0 + sprintf "%u", $n if $n =~ /^-/; my $out = "";
             while ($n > 127) { $out .= chr($n & 127 | 128); $n >>= 7 } $out . chr $n }
sub number { my ($field, $n) = @_; $n ? varint($field << 3) . varint($n) : "" }
sub bytes { my ($field, $bytes) = @_; varint($field << 3 | 2) . varint(length $bytes) . $bytes }
sub put_strings { print map { bytes(6, $_) } @strings[$written // 0 .. $#strings]; $written = @strings }
binmode STDOUT;
while (<>) {
  my ($kind, @w) = split; next unless defined $kind;
  if ($kind eq "type") { print bytes(1, number(1, index_of($w[0])) . number(2, index_of($w[1]))) }
  elsif ($kind eq "sample") {
    my ($ids, $values, $label) = @w;
    my $labels = $label && $label =~ /(.*)=(.*)/ ? bytes(3, number(1, index_of($1)) . number(2, index_of($2))) : "";
    print bytes(2, ($ids eq "-" ? "" : bytes(1, join "", map { varint($_) } split /,/, $ids)) .
                   join("", map { varint(2 << 3) . varint($_) } split /,/, $values) . $labels);
  }
  elsif ($kind eq "location") {
    my ($id, $mapping, $address, @lines) = @w;
    print bytes(4, number(1, $id) . number(2, $mapping) . number(3, hex $address) .
                   join "", map { my ($f, $l) = split /:/; bytes(4, number(1, $f) . number(2, $l)) } @lines);
  }
  elsif ($kind eq "function") { print bytes(5, number(1, $w[0]) . join "", map { number($_ + 1, index_of($w[$_])) } 1 .. 3) }
  elsif ($kind eq "mapping") { print bytes(3, number(1, $w[0]) . join("", map { number($_ + 1, hex $w[$_]) } 1 .. 3) .
                                              number(5, index_of($w[4])) . number(6, index_of($w[5]))) }
  elsif ($kind eq "default") { print number(14, index_of($w[0])) }
  elsif ($kind eq "strings") { put_strings() }
  elsif ($kind eq "raw") { print pack "H*", $w[0] }
}
put_strings();
