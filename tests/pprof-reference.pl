#!/usr/bin/perl
# The result of another tool as folded stacks of addresses, to compare stackfold with:
#
#   pprof-reference.pl REFERENCE COLUMN PROFILE [leaf]
#
# REFERENCE is what `go tool pprof -raw` printed, or `google-pprof --raw`; COLUMN is which of a sample's values counts,
# from 0. Addresses become [MODULE+0xOFFSET] by the mappings in PROFILE. leaf: the reference has the leaf one too high,
# since it takes it for the instruction that was executed where it is a return address.
use strict;
use warnings;
no warnings 'portable';

my ($reference, $column, $profile, $leaf) = @ARGV;
my (@mappings, %names, %paths, %sums);

sub contents {
  my ($path) = @_;
  open(my $file, '-|', 'zstd', '-dcqf', $path) or die "$path: $!\n";
  binmode $file;
  local $/;
  return <$file>;
}

sub module_name {
  my ($path) = @_;
  return $paths{$path} if $paths{$path};
  my $base = $path =~ s/^\[(.*)\]$/$1/r =~ s,.*/,,r;
  $base =~ tr/ ;[]/____/;
  my ($name, $number) = ($base, 2);
  $name = $base . '#' . $number++ while $names{$name}++;
  return $paths{$path} = $name;
}

for (split /\n/, contents($profile)) {
  if (/^.*?([0-9a-f]+)-([0-9a-f]+) ..[-x]. ([0-9a-f]+) \S+ \d+\s+(\S.*)$/) { push @mappings, [hex $1, hex $2, hex $3, module_name($4)] }
  elsif (/^ *([0-9a-f]+)-([0-9a-f]+): (\S.*)$/) { push @mappings, [hex $1, hex $2, 0, module_name($3)] }
}

sub frame {
  my ($address) = @_;
  for (@mappings) {
    return sprintf '[%s+0x%x]', $_->[3], $address - $_->[0] + $_->[2] if $address >= $_->[0] && $address < $_->[1];
  }
  return sprintf '[0x%x]', $address;
}

sub add { # value, then addresses, leaf first
  my ($value, @addresses) = @_;
  return if !@addresses || $value == 0;
  $addresses[0]-- if $leaf;
  $sums{join ';', map { frame($_) } reverse @addresses} += $value;
}

my $text = contents($reference);
if ($text =~ /\A--- symbol\n.*?\n--- \w+\n/s) {
  my @words = unpack 'Q<*', substr $text, $+[0];
  for (my $i = 5; $i < $#words;) {
    my ($value, $depth) = @words[$i, $i + 1];
    add($value, @words[$i + 2 .. $i + 1 + $depth]) if $depth > 0 && $words[$i + 2] != 0;
    $i += 2 + $depth;
  }
} else {
  my ($locations) = $text =~ /^Locations\n(.*?)^Mappings/ms or die "$reference: no locations\n";
  my %address = $locations =~ /^ *(\d+): 0x([0-9a-f]+)/mg;
  while ($text =~ /^((?: +\d+)+):((?: \d+)*) *$/mg) {
    my @values = split ' ', $1;
    add($values[$column], map { hex $address{$_} } split ' ', $2);
  }
}
print "$_ $sums{$_}\n" for sort keys %sums;
