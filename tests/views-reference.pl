#!/usr/bin/perl
# What the views of folded stacks must show, computed another way: whole stacks are split and looked through anew for every
# answer.
#
#   views-reference.pl diff self|cum raw|normalized BASE EXP   function, base, exp, difference, percent, points; unsorted
#   views-reference.pl peek FUNCTION FILE                      relation, function, value
#   views-reference.pl tree down|up FILE                       depth, self, cumulative, path
#   views-reference.pl lines FUNCTION FILE                     file, line, self, cumulative
use strict;
use warnings;
use bigint;

sub stacks_of {
  my ($file, $keep_lines) = @_;
  open my $in, '<', $file or die "$file: $!";
  my @stacks;
  while (<$in>) {
    /^(.*) (\d+)$/ or die "line $.: $_";
    my ($value, @frames) = (0 + $2, split /;/, $1, -1);
    unless ($keep_lines) { s/ \([^()]+:(?:\d+|\?\?\?)\)$//, s/_\[i\]$// for @frames }
    push @stacks, [$value, @frames];
  }
  return @stacks;
}
sub hundredths { # of a percent, rounded half up, with a sign
  my ($part, $whole) = @_;
  my $size = int((abs($part) * 20000 + $whole) / (2 * $whole));
  my $sign = $part < 0 ? '-' : $part > 0 ? '+' : '';
  return sprintf '%s%s.%02d', $sign, int($size / 100), $size % 100;
}
my $mode = shift;
if ($mode eq 'diff') {
  my ($which, $scale, @files) = @ARGV;
  my (%values, @total);
  for my $side (0, 1) {
    $total[$side] = 0;
    for (stacks_of($files[$side])) {
      my ($value, @frames) = @$_;
      $total[$side] += $value;
      my %seen;
      $seen{$_} = 1 for $which eq 'self' ? $frames[-1] : @frames;
      $values{$_} ||= [0, 0] for @frames;
      $values{$_}[$side] += $value for keys %seen;
    }
  }
  my ($up, $down) = $scale eq 'raw' ? (1, 1) : @total; # EXP times up is on the scale of BASE times down
  for (keys %values) {
    my ($base, $exp) = @{$values{$_}};
    my $difference = $exp * $up - $base * $down;
    my $shown = int((2 * $exp * $up + $down) / (2 * $down));
    my $between = $shown - $base;
    $between = "+$between" if $between > 0;
    print join("\t", $_, $base, $shown, $between, $base ? hundredths($difference, $base * $down) : 'NA',
      hundredths($difference, $total[0] * $down)), "\n" if $difference;
  }
} elsif ($mode eq 'peek') {
  my ($function, $file) = @ARGV;
  my (%edges, $all, $self);
  for (stacks_of($file)) {
    my ($value, @frames) = @$_;
    my %seen;
    for my $i (grep { $frames[$_] eq $function } 0 .. $#frames) {
      $seen{"caller\t" . ($i ? $frames[$i - 1] : '[root]')} = 1;
      $seen{$i < $#frames ? "callee\t$frames[$i + 1]" : "self\t$function"} = 1;
      $seen{"function\t$function"} = 1;
    }
    $edges{$_} += $value for keys %seen;
  }
  print "$_\t$edges{$_}\n" for keys %edges;
} elsif ($mode eq 'tree') {
  my ($direction, $file) = @ARGV;
  my (%self, %all);
  for (stacks_of($file)) {
    my ($value, @frames) = @$_;
    @frames = reverse @frames if $direction eq 'up';
    $all{join ';', @frames[0 .. $_]} += $value for 0 .. $#frames;
    $self{join ';', @frames} += $value;
  }
  print join("\t", 1 + tr/;//, $self{$_} || 0, $all{$_}, $_), "\n" for keys %all;
} elsif ($mode eq 'lines') {
  my ($function, $file) = @ARGV;
  my (%self, %all);
  for (stacks_of($file, 1)) {
    my ($value, @frames) = @$_;
    my %seen;
    for (@frames) { $seen{"$1\t$2"} = 1 if /^\Q$function\E(?:_\[i\])? \((.*):(\d+)\)$/ }
    $all{$_} += $value for keys %seen;
    $self{"$1\t$2"} += $value if $frames[-1] =~ /^\Q$function\E(?:_\[i\])? \((.*):(\d+)\)$/;
  }
  print join("\t", $_, $self{$_} || 0, $all{$_}), "\n" for keys %all;
}
