# Folds what `go tool pprof -raw` printed: fold-raw.pl VALUE (empty: the default) FILE.
use strict; use Math::BigInt;
my $wanted = shift @ARGV; my (@types, $part, %frames, %at, %mapping, @samples, $id);
$part = "";
while (<>) {
  chomp;
  if (/^(Samples|Locations|Mappings)/) { $part = $1; next }
  if ($part eq "Samples" && !@types) { @types = split; next }
  if ($part eq "Samples" && /^\s*(-?\d[-\d ]*): ([\d ]*)$/) { push @samples, [[split " ", $1], [split " ", $2]] }
  elsif ($part eq "Locations" && (/^\s*(\d+): 0x([0-9a-f]+) (?:M=(\d+) )?(?:\[F\] )?(.*)$/ and $id = $1 or /^             (.*)$/)) {
    my $line = defined $2 ? $4 : $1;
    if (defined $2) { $at{$id} = [hex $2, $3]; $frames{$id} = [] }
    push @{$frames{$id}}, $1 ne "" ? $1 : $2 # undefined or empty: no name
      if $line =~ /^(.*?) ?[^ ]*:\d+(?::\d+)? s=\d+(?:\((.*)\))?$/;
  }
  elsif ($part eq "Mappings" && m{^(\d+): 0x([0-9a-f]+)/0x[0-9a-f]+/0x([0-9a-f]+) (\S*)}) { $mapping{$1} = [hex $2, hex $3, $4] }
}
my $index = $#types;
for my $i (reverse 0 .. $#types) { $types[$i] =~ m{^(.*)/[^/\[]*(\[dflt\])?$} or die; $index = $i if $wanted ne "" ? $1 eq $wanted : $2 }
sub unresolved {
  my ($address, $mapping) = @_;
  my $m = $mapping && $mapping{$mapping};
  return sprintf("[0x%x]", $address) unless $m && $m->[2] ne "";
  (my $name = $m->[2]) =~ s{.*/}{}; $name =~ s/^\[(.*)\]$/$1/;
  return sprintf("[%s+0x%x]", $name, $address - $m->[0] + $m->[1]);
}
my %sum;
for my $sample (@samples) {
  my ($values, $ids) = @$sample;
  my @stack = map { my $id = $_; @{$frames{$id}} ? map { !defined || $_ eq "" ? unresolved(@{$at{$id}}) : tr/\0-\x1f\x7f/?/r =~ s/;/:/gr } @{$frames{$id}} : unresolved(@{$at{$id}}) } @$ids;
  $sum{join ";", reverse @stack} += $values->[$index] if $values->[$index] > 0;
}
print sort map { "$_ $sum{$_}\n" } keys %sum;
