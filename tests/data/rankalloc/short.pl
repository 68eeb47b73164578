#!/usr/bin/perl
# Folded stacks with names as google-pprof and jeprof show them in their tables: without arguments, templates and what is
# returned; with the address where functions of several addresses are called so.
use strict;
use warnings;
my (%short, %first, %several, @lines);
sub short {
  my ($name) = @_;
  1 while $name =~ s/\([^()]*\)(\s*const)?//g;
  1 while $name =~ s/<[^<>]*>//g;
  return $name =~ s/^.*\s+(\w+::)/$1/r;
}
while (<STDIN>) {
  my ($stack, $value) = /^(.*) (\d+)$/ or die;
  my @frames = split /;/, $stack;
  for my $frame (@frames) {
    my $short = $short{$frame} //= short($frame);
    next unless $frame =~ /<[0-9a-fA-F]+>$/;
    $several{$short} = 1 if ($first{$short} //= $frame) ne $frame;
  }
  push @lines, [$value, @frames];
}
for (@lines) {
  my ($value, @frames) = @$_;
  print join(';', map { $several{$short{$_}} && /<0*([^>]*)>$/ ? "$short{$_}\@$1" : $short{$_} } @frames), " $value\n";
}
