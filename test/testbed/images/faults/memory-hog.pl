# As the main process, so that it is this process that the kernel kills, with SIGKILL.
use strict;
use warnings;

$| = 1;
print "taking memory until it is refused\n";
my ( $step, $ceiling ) = ( 16, 2048 );
my @held;
while ( $step * @held < $ceiling ) {
    # Each block is written in full: memory that is only reserved counts for nothing.
    vec( $held[@held], ( $step << 20 ) - 1, 8 ) = 1;
}
# Without a limit it would take the machine down with it.
die "still alive with $ceiling MiB: this container has no memory limit\n";
