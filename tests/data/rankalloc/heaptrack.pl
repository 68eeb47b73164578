#!/usr/bin/perl
# heaptrack.pl SECTION PRINT: whether the ranking by rankalloc on stdin agrees with the SECTION (calls or peak) of what
# heaptrack_print wrote, which shows the top 10 by place, function and module: for each named function the sum of its places is
# what it has here, up to places that are below the tenth.
use strict;
use warnings;
my ($section, $print) = @ARGV;
my (%self, %sum, %error, $least, $entries);
scalar <STDIN>;
while (<STDIN>) {
  my (undef, $name, $value) = split /\t/;
  $self{plain($name)} += $value;
}
sub plain { # heaptrack_print shortens what stands in <> outside of names in parentheses
  my ($name) = @_;
  $name =~ s/ \([^() ]+\.\w+\)$//; # the file
  1 while $name =~ s/<[^<>]*[^<>]>/<>/;
  return $name;
}
my %unit = (B => 1, K => 1e3, M => 1e6, G => 1e9);
open my $file, '-|', 'zstd', '-dcqf', $print or die;
while (<$file>) {
  my ($value, $error);
  if ($section eq 'calls' && /^(\d+) calls to allocation functions with/) { ($value, $error) = ($1, 0) }
  if ($section eq 'peak' && /^([\d.]+)([BKMG]) peak memory consumed over/) {
    ($value, $error) = ($1 * $unit{$2}, $2 eq 'B' ? 0 : 0.005 * $unit{$2} * 1.001);
  }
  next unless defined $value;
  chomp(my $name = <$file>);
  $entries++;
  $least = $value if !defined $least || $value < $least;
  next if $name =~ /^0x/;
  $sum{plain($name)} += $value;
  $error{plain($name)} += $error;
}
print "nothing to compare\n" unless $entries;
for (sort keys %sum) {
  my $more = ($self{$_} // 0) - $sum{$_};
  print "$_: $sum{$_}, here ", $self{$_} // 'nothing', "\n" if $more < -$error{$_} || $more > $error{$_} + ($entries < 10 ? 0 : $least);
}
