# The sequences of names in what `go tool pprof -traces` printed, root first, each once.
use strict;
my (@stack, %seen);
sub finish { $seen{join ";", reverse @stack} = 1 if @stack; @stack = () }
while (<>) {
  chomp;
  if (/^-----------\+/) { finish(); next }
  if (/^ *-?[\d.]+[a-zA-Z]* {3}(.*)$/ && !@stack || @stack && /^ {13}(.*)$/) {
    my $name = $1; $name =~ s/ \(inline\)$//; $name =~ s/;/:/g; $name =~ tr/\0-\x1f\x7f/?/;
    push @stack, $name;
  }
}
finish();
print map { "$_\n" } sort keys %seen;
