# Takes the first line of a plugin apart as Monitoring::Plugin does, and prints each value with its thresholds.
use strict;
use warnings;
use Monitoring::Plugin::Performance;

my $line = <STDIN>;
chomp $line;
my ($text, $data) = split /\|/, $line, 2;
die "no performance data" unless defined $data;
my @values = Monitoring::Plugin::Performance->parse_perfstring($data);
die "it cannot be parsed" unless @values;
for my $value (@values) {
    print join(" ", $value->label, $value->value, defined $value->warning ? $value->warning : "-",
        defined $value->critical ? $value->critical : "-"), "\n";
}
