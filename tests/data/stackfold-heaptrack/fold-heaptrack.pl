# Folds a recording of heaptrack on stdin into files VALUE.WHOSE of this folder, for each VALUE. WHOSE is "ours", or
# "reference" for what heaptrack_print 1.4.0 -F prints, equal stacks merged and those of 0 left out. They differ in this:
#   - the reference prints the frames of inlined functions in the wrong order: the callee above its caller;
#   - it shortens template arguments; ours are verbatim;
#   - it counts a deallocation of kind 0 as that of a temporary allocation whenever it is the second in a row;
#   - an address without a name is 0xADDRESS there, [0xADDRESS] here.
use strict;
my $reference;
my (@s, @i, @t, @kind, %cost, @patterns, $format);
my ($held, $most, $last, $their_last) = (0, 0, -1, 0);
my (@allocates, @changed); # changed: the costs, since more was held than ever before
while (<STDIN>) {
  chomp;
  my ($letter, $rest) = (substr($_, 0, 1), length > 2 ? substr($_, 2) : "");
  if ($letter eq "+") {
    my ($size, $cost, $trace) = @{$kind[$last = $their_last = hex $rest]};
    $cost->{leaked} += $size; $cost->{allocations}++; push @changed, $cost;
    $held += $size; if ($held > $most) { $most = $held; $_->{peak} = $_->{leaked} for @changed; @changed = () }
  }
  elsif ($letter eq "-") {
    my $k = hex $rest; my ($size, $cost, $trace) = @{$kind[$k]};
    $cost->{leaked} -= $size; $held -= $size; push @changed, $cost;
    $cost->{temporary}++ if $last == $k;
    $cost->{"temporary of theirs"}++ if $their_last == $k;
    ($last, $their_last) = (-1, 0);
  }
  elsif ($letter eq "t") {
    my ($ip, $parent) = map { hex } split / /, $rest;
    ($ip, $parent) = $parent ? @{$t[$parent - 1]} : (0, 0) while $allocates[$ip];
    push @t, [$ip, $parent];
  }
  elsif ($letter eq "a") { my ($size, $trace) = map { hex } split / /, $rest; push @kind, [$size, $cost{$trace} //= {}, $trace] }
  elsif ($letter eq "i") {
    my ($address, $module, @f) = split / /, $rest;
    push @i, [$address, hex $module, map { hex } @f];
    $allocates[@i] = @f && $f[0] ne "0" && $s[hex($f[0]) - 1] =~ /^operator new(\[\])?\(unsigned (long|int)\)$/;
  }
  elsif ($letter eq "v") { $format = hex((split " ", $rest)[1]) }
  elsif ($letter eq "s") { $rest =~ s/^[0-9a-f]+ // if $format >= 3; push @s, $rest }
  elsif ($letter eq "S") { push @patterns, $1 if $rest =~ /^\s*leak:(.*?)\s*$/ }
}
my (%bad_string, @bad_ip, @bad_trace);
{
  my @re = map { quotemeta } qw(__nss_module_allocate __gconv_read_conf __new_exitfn tzset_internal dl_open_worker
                                g_main_context_new g_thread_self);
  push @re, map { my $p = $_; my $start = $p =~ s/^\^// ? "^" : ""; my $end = $p =~ s/\$$// ? "\\z" : "";
                  $start . join(".*?", map { quotemeta } split /\*/, $p, -1) . $end } @patterns;
  my $re = join "|", @re;
  for (0 .. $#s) { $bad_string{$_ + 1} = 1 if $s[$_] =~ /$re/ }
  for (@i) { my ($address, $module, @f) = @$_;
    push @bad_ip, grep({ $bad_string{$_} } $module, map { $_ % 3 == 2 ? () : $f[$_] } 0 .. $#f) ? 1 : 0 }
  for (@t) { push @bad_trace, ($_->[0] && $bad_ip[$_->[0] - 1]) || ($_->[1] && $bad_trace[$_->[1] - 1]) ? 1 : 0 }
}
sub shorten {
  my ($name) = @_; my ($out, $depth) = ("", 0);
  return $name unless $reference;
  for my $c (split //, $name) {
    if ($c =~ /[<>]/ && length $out >= 8) {
      my $operator = "operator" . (substr($out, -1) eq $c ? $c : "");
      if (substr($out, -length $operator) eq $operator) { $out .= $c; next }
    }
    if ($c eq "<") { $depth++; $out .= $c if $depth == 1 } elsif ($c eq ">") { $depth-- }
    $out .= $c unless $depth;
  }
  return $out;
}
my (@text, @root);
sub stack_of { # of a call path
  my ($at, @stack) = @_;
  while ($at && (my $ip = $t[$at - 1][0])) {
    push @stack, $text[$ip] //= text_of($ip);
    last if $root[$ip];
    $at = $t[$at - 1][1];
  }
  return join ";", reverse @stack;
}
sub text_of { # of an instruction
  my ($n) = @_;
  my ($address, $module, @f) = @{$i[$n - 1]}; my @frames;
  @f = (0) unless @f;
  while (@f) {
    my ($function, $file) = splice @f, 0, 3;
    my $name = $function ? shorten($s[$function - 1]) : $reference ? "0x$address" : "[0x$address]";
    if ($file) { my $path = $s[$file - 1]; $path =~ s{.*/}{}; $name .= " ($path)" }
    $name =~ tr/;/:/ unless $reference;
    push @frames, $name;
  }
  $root[$n] = $i[$n - 1][2] && $s[$i[$n - 1][2] - 1] =~ /^(main|__libc_start_main|__static_initialization_and_destruction_0)$/;
  return join ";", $reference ? @frames : reverse @frames;
}
for (0, 1) {
  $reference = $_;
  @text = ();
  my %stack;
  for my $value (qw(peak leaked allocations temporary)) {
    my %sum;
    for my $trace (keys %cost) {
      my $v = $cost{$trace}{$value eq "temporary" && $reference ? "temporary of theirs" : $value} or next;
      next if $value eq "leaked" && $trace && $bad_trace[$trace - 1];
      $stack{$trace} //= stack_of($trace);
      $sum{$stack{$trace}} += $v;
    }
    open my $out, ">", "$value." . ($reference ? "reference" : "ours") or die;
    print $out sort map { "$_ $sum{$_}\n" } keys %sum;
    close $out or die;
  }
}
