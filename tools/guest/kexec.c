// SPDX-License-Identifier: GPL-2.0
/*
 * Starts another kernel in place of the running one. Linked statically, for a guest that has busybox only.
 *
 *     kexec KERNEL INITRD COMMAND-LINE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 4) {
		fprintf(stderr, "usage: kexec KERNEL INITRD COMMAND-LINE\n");
		return 1;
	}
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0) {
		perror("open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1, argv[3], 0L)) {
		perror("kexec_file_load");
		return 1;
	}
	reboot(RB_KEXEC);
	perror("reboot");
	return 1;
}
