// SPDX-License-Identifier: GPL-2.0
/*
 * hog MIB [MS]: touch MIB MiB of memory, print "held", and hold the memory until
 * killed; or, with MS, free it, touch it again after MS milliseconds, and so on, at
 * the lowest priority. In both cases the OOM killer chooses it first.
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

static void touch(char *memory, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes; at += PAGE)
		memory[at] = 1;
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	unsigned int ms = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	char *memory;

	if (!bytes || argc > 3) {
		fputs("usage: hog MIB [MS]\n", stderr);
		return 2;
	}
	be_chosen();
	if (ms && nice(19) < 0) {
		perror("hog: nice");
		return 1;
	}
	/*
	 * NORESERVE: mapping more than the memory of the guest must not fail at
	 * once.
	 */
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("hog: mmap");
		return 1;
	}
	touch(memory, bytes);
	puts("held");
	fflush(stdout);
	while (ms) {
		madvise(memory, bytes, MADV_DONTNEED);
		usleep(1000 * ms);
		touch(memory, bytes);
	}
	pause();
	return 0;
}
