# SPDX-License-Identifier: GPL-2.0
# How prove shows what the steps of make check print: a line for each step, then what was skipped and what failed, each
# with its reason, and the sum on the last line. Each step's whole output goes to $CHECK_LOGS/STEP.log. On a terminal the
# last line names the steps that run now.
package CheckFormatter;

use strict;
use warnings;
use parent 'TAP::Formatter::Base';

sub open_test {
	my ($self, $path, $parser) = @_;
	(my $name = $path) =~ s{.*/}{};
	$self->{running}{$name} = 1;
	$self->show_running;
	return CheckFormatter::Step->new($name, $parser, $self);
}

sub show_running {
	my $self = shift;
	return unless -t STDOUT;
	STDOUT->autoflush;
	my @names = sort keys %{$self->{running}};
	print "\r\e[K", @names ? "running: @names" : '';
}

# After the last step. A step that fails without a failed test counts as one.
sub summary {
	my $self = shift;
	printf "%d passed, %d failed, %d skipped\n", map { $self->{$_} // 0 } qw(passed failed skipped);
}

package CheckFormatter::Step;

use strict;
use warnings;
use Time::HiRes 'time';

sub new {
	my ($class, $name, $parser, $formatter) = @_;
	open(my $log, '>', "$ENV{CHECK_LOGS}/$name.log") or die "$ENV{CHECK_LOGS}/$name.log: $!\n";
	$log->autoflush;
	return bless {
		name => $name, parser => $parser, formatter => $formatter, log => $log, start => time,
		passed => 0, failed => [], skipped => [], notes => [],
	}, $class;
}

# Each line of the step's output.
sub result {
	my ($self, $line) = @_;
	print {$self->{log}} $line->raw, "\n";
	if ($line->is_test) {
		(my $name = $line->description) =~ s/^- //;
		$self->{reasons} = undef;
		if (!$line->is_ok) {
			push @{$self->{failed}}, $self->{reasons} = [$name];
		} elsif ($line->has_skip) {
			push @{$self->{skipped}}, "$name: " . ($line->explanation || 'no reason given');
		} else {
			$self->{passed}++;
		}
	} elsif ($line->is_comment) {
		my $text = $line->comment;
		if ($text =~ s/^note:? //) {
			push @{$self->{notes}}, $text;
		} elsif ($self->{reasons} && $text =~ s/^reason: //) {
			push @{$self->{reasons}}, $text;
		}
	} elsif ($line->is_plan && $line->has_skip) {
		push @{$self->{skipped}}, $line->explanation || 'no reason given';
	}
}

# What is wrong with the step besides its failed tests: its status, or output that is no TAP.
sub problems {
	my $self = shift;
	my $parser = $self->{parser};
	my @problems = $parser->parse_errors;
	my ($status, $signal) = ($parser->wait >> 8, $parser->wait & 127);
	# The status of timeout(1), by which tools/check runs each step.
	unshift @problems, "it was ended after $ENV{CHECK_STEP_TIMEOUT} s" if $status == 124;
	push @problems, $signal ? "signal $signal" : "exit status $status" if $status != 124 && $parser->wait;
	return @problems;
}

sub close_test {
	my $self = shift;
	my @failed = map { join ': ', @$_ } @{$self->{failed}};
	my @problems = $self->problems;
	# A step that has told of a failure may say so with its status, too.
	push @failed, "$self->{name}: " . join('; ', @problems) if @problems && !@failed;
	$self->{formatter}{passed} += $self->{passed};
	$self->{formatter}{failed} += @failed;
	$self->{formatter}{skipped} += @{$self->{skipped}};
	close $self->{log};
	delete $self->{formatter}{running}{$self->{name}};
	print "\r\e[K" if -t STDOUT;
	STDOUT->autoflush;
	printf "%-22s%4d passed %3d failed %3d skipped  %4.0f s\n", $self->{name}, $self->{passed}, scalar @failed,
		scalar @{$self->{skipped}}, time - $self->{start};
	print "      $_\n" for @{$self->{notes}};
	print "    skipped: $_\n" for @{$self->{skipped}};
	print "    FAILED: $_\n" for @failed;
	print "    log: $ENV{CHECK_LOGS}/$self->{name}.log\n" if @failed;
	$self->{formatter}->show_running;
}

1;
