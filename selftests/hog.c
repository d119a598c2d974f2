// SPDX-License-Identifier: GPL-2.0
/*
 * hog MIB: touch so much memory, say "held" on stdout, and hold it until killed.
 * The first that the OOM killer will choose.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096

static void be_chosen(void)
{
	static const char most[] = "1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, most, strlen(most)) < 0) {
		perror("hog: oom_score_adj");
		exit(2);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	size_t at, bytes = argc == 2 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	char *memory;

	if (!bytes) {
		fputs("usage: hog MIB\n", stderr);
		return 2;
	}
	be_chosen();
	/* NORESERVE: to want more than there is must not be refused at once. */
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("hog: mmap");
		return 1;
	}
	for (at = 0; at < bytes; at += PAGE)
		memory[at] = 1;
	puts("held");
	fflush(stdout);
	pause();
	return 0;
}
