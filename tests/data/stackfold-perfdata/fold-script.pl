#!/usr/bin/perl
# Folds the text of perf script by module and offset, as stackfold --compat=flamegraph should write the perf.data that it was made of.
# Functions of the kernel keep the names that the text has for them, but with --offsets.
#
# perf script prints offsets in the file for frames of user space, and addresses for those of the kernel and of no module.
# The first frame of the kernel and the first of user space are where execution was; of the others, return addresses, 1 is
# taken, but with --unwound not in user space (perf does that itself where it unwinds). --kernel-start ADDRESS: what the kernel's offsets count from.
# --event NAME: of this event alone (default: that of the first sample).
use strict;
use warnings;
no warnings 'portable';

my ($event, $offsets, $unwound, $kernel_start) = ('', 0, 0, 0xffffffff81000000);
while (@ARGV && $ARGV[0] =~ /^--/) {
  my $option = shift;
  if ($option eq '--unwound') { $unwound = 1 }
  elsif ($option eq '--offsets') { $offsets = 1 }
  elsif ($option eq '--event') { $event = shift }
  elsif ($option eq '--kernel-start') { $kernel_start = hex shift }
}

my (%sum, $comm, $period, @frames, $last_in_kernel);
sub finish {
  @frames = () unless defined $comm;
  return unless defined $comm;
  my $stack = join ';', $comm, reverse @frames;
  $sum{$stack} += $period;
  ($comm, @frames) = (undef);
}
while (my $line = <>) {
  chomp $line;
  if ($line =~ /^(\S.*?)\s+-?\d+(?:\/-?\d+)?\s+(?:\[\d+\]\s+)?[\d.]+:\s+(\d+)\s+(\S+):\s*$/) {
    finish();
    $event = $3 if $event eq '';
    next if $3 ne $event;
    ($comm, $period, $last_in_kernel) = ($1 =~ tr/ ;/_:/r, $2, undef);
  } elsif ($line =~ /^\s+([0-9a-f]+) (.*) \((.*)\)$/) {
    my ($address, $name, $module) = (hex $1, $2, $3);
    my $in_kernel = $module =~ /^\[kernel/;
    my $first = !defined $last_in_kernel || $in_kernel != $last_in_kernel;
    $address-- unless ($unwound && !$in_kernel) || $first || $address == 0;
    $last_in_kernel = $in_kernel;
    $module =~ s/^\[(.*)\]$/$1/;
    $module =~ s!.*/!!;
    if ($module eq 'unknown' || $module =~ /^\/?anon|^heap$|^stack$/) { push @frames, sprintf '[0x%x]', $address }
    elsif ($in_kernel && !$offsets && $name ne '[unknown]') { push @frames, $name =~ s/\+0x[0-9a-f]+$//r }
    elsif ($in_kernel) { push @frames, sprintf '[%s+0x%x]', $module, $address - $kernel_start }
    else { push @frames, sprintf '[%s+0x%x]', $module, $address }
  } elsif ($line eq '') {
    finish();
  }
}
finish();
print map { "$_ $sum{$_}\n" } sort keys %sum;
