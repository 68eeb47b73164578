# Whether folded stacks on stdin agree with what `go tool pprof -top` printed (top.pl FILE): for each function its own
# and its cumulative value, as far as the rounding there shows them.
use strict;
my (%own, %cumulative, %checked);
while (<STDIN>) {
  my ($stack, $value) = /^(.*) (\d+)$/ or die;
  my @names = map { s/^\[([^+]*)\+0x[0-9a-f]+\]$/[$1]/r =~ s/^\[0x[0-9a-f]+\]$/<unknown>/r } split /;/, $stack;
  $own{$names[-1]} += $value;
  my %once; $cumulative{$_} += $value for grep { !$once{$_}++ } @names;
}
my %unit = (ns => 1, us => 1e3, ms => 1e6, s => 1e9, mins => 60e9, hrs => 3600e9, days => 86400e9, "" => 1, B => 1,
            kB => 2 ** 10, MB => 2 ** 20, GB => 2 ** 30, TB => 2 ** 40);
sub differs { # half of the last digit shown, and what adding up floating-point numbers may lose
  my ($shown, $value) = @_; my ($number, $unit) = $shown =~ /^(-?[\d.]+)([A-Za-z]*)$/ or die "$shown\n";
  my $digit = $number =~ /\.(\d+)$/ ? 10 ** -length $1 : 1;
  return abs($number * $unit{$unit} - $value) > (0.5 * $digit * 1.001) * $unit{$unit};
}
open my $top, "<", $ARGV[0] or die;
while (<$top>) {
  my ($own, $cumulative, $name) = /^ *(\S+) +\S+% +\S+% +(\S+) +\S+%  (.*)$/
    ? ($1, $2, $3) : /^ *(0) +0% +\S+ +(\S+) +\S+  (.*)$/ ? ($1, $2, $3) : next;
  $name =~ s/ \((partial-)?inline\)$//; $name =~ s/;/:/g; $name =~ tr/\0-\x1f\x7f/?/;
  print "own value of $name: $own, here $own{$name}\n" if differs($own, $own{$name} // 0);
  print "cumulative value of $name: $cumulative, here $cumulative{$name}\n" if differs($cumulative, $cumulative{$name} // 0);
  $checked{$name} = 1;
}
for (sort keys %cumulative) { print "not in the reference: $_\n" unless $checked{$_} }
