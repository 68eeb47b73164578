#!/usr/bin/perl
# The text that pprof's own tests have of a profile (Profile.String()), as folded stacks of its last value: for formats
# that stackfold does not read.
use strict;
use warnings;
my ($part, @stacks, %name, %sums) = ('');
while (<STDIN>) {
  if (/^(Samples|Locations|Mappings)/) { $part = $1; next }
  if ($part eq 'Samples' && /^((?: +\d+)+): ((?:\d+ ?)+)$/) {
    push @stacks, [(split ' ', $1)[-1], split ' ', $2];
  } elsif ($part eq 'Locations' && /^ *(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*?)(?: \S*:\d+(?::\d+)? s=\d+)? *$/) {
    $name{$1} = $2;
  }
}
for (@stacks) {
  my ($value, @locations) = @$_;
  $sums{join ';', map { $name{$_} =~ s/;/:/gr } reverse @locations} += $value;
}
print "$_ $sums{$_}\n" for sort keys %sums;
