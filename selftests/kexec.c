// SPDX-License-Identifier: GPL-2.0
/*
 * kexec: load a kernel, and jump into it. For guests of the test bed, which have no
 * kexec-tools. It only makes the two system calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/syscall.h>

#define EXIT_USAGE	2

static void help(FILE *to)
{
	fputs("usage: kexec load KERNEL INITRAMFS CMDLINE         kexec_file_load(2)\n"
	      "       kexec load-panic KERNEL INITRAMFS CMDLINE   the same, to start if this kernel crashes\n"
	      "       kexec jump                                  start the loaded kernel at once\n"
	      "       kexec --help\n"
	      "exit status: 0 loaded, 1 error, 2 usage; a jump does not return\n", to);
}

static int error(const char *what)
{
	fprintf(stderr, "kexec: %s: %s\n", what, strerror(errno));
	return 1;
}

static int load(const char *kernel, const char *initramfs, const char *cmdline,
		unsigned long flags)
{
	int kernel_fd, initramfs_fd;

	kernel_fd = open(kernel, O_RDONLY);
	if (kernel_fd < 0)
		return error(kernel);
	initramfs_fd = open(initramfs, O_RDONLY);
	if (initramfs_fd < 0)
		return error(initramfs);
	/* The length counts the zero at the end. */
	if (syscall(SYS_kexec_file_load, kernel_fd, initramfs_fd, strlen(cmdline) + 1,
		    cmdline, flags))
		return error("kexec_file_load");
	return 0;
}

/* As with kexec -e: no process is ended, nothing is unmounted. */
static int jump(void)
{
	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return error("reboot");
}

int main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		help(stdout);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "load"))
		return load(argv[2], argv[3], argv[4], 0);
	if (argc == 5 && !strcmp(argv[1], "load-panic"))
		return load(argv[2], argv[3], argv[4], KEXEC_FILE_ON_CRASH);
	if (argc == 2 && !strcmp(argv[1], "jump"))
		return jump();
	help(stderr);
	return EXIT_USAGE;
}
