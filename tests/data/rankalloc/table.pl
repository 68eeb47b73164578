#!/usr/bin/perl
# table.pl KIND REFERENCE [COUNTS]: whether the ranking by rankalloc on stdin has the self and cumulative values of a table by
# another tool, within its rounding; prints what differs. KIND is go (go tool pprof -top) or perl (google-pprof --text, jeprof
# --text). COUNTS is a ranking of the same stacks with the value 1 each: the reference then adds fractions that each of
# the stacks lost, so it may be greater by less than 1 for each.
use strict;
use warnings;
my ($kind, $reference, $counts) = @ARGV;
sub ranking {
  my ($file) = @_;
  my (%self, %cumulative);
  chomp(my $header = <$file>);
  $header eq "rank\tfunction\tself\tself_percent\tcumulative\tcumulative_percent" or die "not a ranking: $header\n";
  while (<$file>) {
    chomp;
    my @fields = split /\t/;
    $fields[1] =~ s/\\(.)/$1 eq 't' ? "\t" : $1 eq 'n' ? "\n" : $1/ge;
    ($self{$fields[1]}, $cumulative{$fields[1]}) = @fields[2, 4];
  }
  return (\%self, \%cumulative);
}
my ($self_of, $cumulative_of) = ranking(\*STDIN);
my %self = %$self_of;
my %cumulative = %$cumulative_of;
my (%self_stacks, %cumulative_stacks, %checked);
if (defined $counts) {
  open my $file, '<', $counts or die "$counts: $!\n";
  my ($s, $c) = ranking($file);
  %self_stacks = %$s;
  %cumulative_stacks = %$c;
}
my %unit = (ns => 1, us => 1e3, ms => 1e6, s => 1e9, mins => 60e9, hrs => 3600e9, days => 86400e9, '' => 1, B => 1,
            kB => 2 ** 10, MB => 2 ** 20, GB => 2 ** 30, TB => 2 ** 40);
sub differs { # half of the last digit shown, and what adding up floating-point numbers may lose
  my ($shown, $value, $stacks) = @_;
  my ($number, $unit) = $shown =~ /^(-?[\d.]+)([A-Za-z]*)$/ or die "$shown\n";
  return $number < $value || $number > $value + ($stacks // 0) if $kind eq 'perl';
  my $digit = $number =~ /\.(\d+)$/ ? 10 ** -length $1 : 1;
  return abs($number * $unit{$unit} - $value) > 0.5 * $digit * 1.001 * $unit{$unit};
}
sub check {
  my ($name, $self, $cumulative) = @_;
  if (!exists $self{$name}) { print "not here: $name\n" if $self =~ /[1-9]/ || $cumulative =~ /[1-9]/; return }
  print "self value of $name: $self, here $self{$name}\n" if differs($self, $self{$name}, $self_stacks{$name});
  print "cumulative value of $name: $cumulative, here $cumulative{$name}\n" if differs($cumulative, $cumulative{$name}, $cumulative_stacks{$name});
  $checked{$name} = 1;
}
open my $table, '<', $reference or die "$reference: $!\n";
while (<$table>) {
  if ($kind eq 'perl') {
    check($3, $1, $2) if /^ *(\d+) +\S+% +\S+% +(\d+) +\S+% (.*)$/;
  } elsif (/^ *(\S+) +\S+% +\S+% +(\S+) +\S+%  (.*)$/ || /^ *(0) +0% +\S+ +(\S+) +\S+  (.*)$/) {
    my ($self, $cumulative, $name) = ($1, $2, $3);
    $name =~ s/ \((?:partial-)?inline\)$//;
    $name =~ s/;/:/g;
    $name =~ tr/\0-\x1f\x7f/?/;
    check($name, $self, $cumulative);
  }
}
for (sort keys %self) { print "not in the reference: $_\n" if !$checked{$_} && $cumulative{$_} > 0 }
print "nothing to compare\n" unless %checked;
