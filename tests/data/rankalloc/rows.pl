#!/usr/bin/perl
# rows.pl PROFILE RAW: what a heap profile of gperftools says was allocated, as folded stacks with the names that
# google-pprof --raw has for its addresses, and without the frames that google-pprof leaves out.
use strict;
use warnings;
no warnings 'portable';
my ($profile, $raw) = @ARGV;
my (%name, %sums);
open my $names, '-|', 'zstd', '-dcqf', $raw or die;
while (<$names>) { last if /^---$/; $name{hex $1} = $2 if /^0x([0-9a-f]+) (.*)$/ }
my %left_out = map { $_ => 1 } qw(calloc cfree malloc newImpl void* free memalign posix_memalign aligned_alloc pvalloc valloc
  realloc tc_malloc tc_calloc tc_cfree tc_malloc tc_free tc_memalign tc_posix_memalign tc_pvalloc tc_valloc tc_realloc tc_new
  tc_delete tc_newarray tc_deletearray tc_new_nothrow tc_newarray_nothrow do_malloc ::do_malloc ::do_malloc_or_cpp_alloc
  DoSampledAllocation simple_alloc::allocate __malloc_alloc_template::allocate __builtin_delete __builtin_new
  __builtin_vec_delete __builtin_vec_new), 'operator new', 'operator new[]', 'operator delete', 'operator delete[]';
open my $rows, '-|', 'zstd', '-dcqf', $profile or die;
while (<$rows>) {
  my ($value, $stack) = /^ *\d+: *\d+ \[ *\d+: *(\d+)\] @((?: 0x[0-9a-f]+)+)$/ or next;
  my @frames = grep { !$left_out{s/<[0-9a-f]+>$//r} } map { $name{hex($_) - 1} // $name{hex $_} // die "no name for $_\n" } reverse split ' ', $stack;
  s/;/:/g for @frames;
  $sums{join ';', @frames} += $value if $value;
}
print "$_ $sums{$_}\n" for sort keys %sums;
