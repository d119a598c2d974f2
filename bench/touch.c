// SPDX-License-Identifier: GPL-2.0
/*
 * touch TOTAL BURST PERIOD: writes to TOTAL MiB of fresh memory, page by page, in
 * bursts of BURST MiB of which one begins every PERIOD microseconds (or when the
 * last is done, if that is later), and prints how long each write took.
 *
 * Prints "KEY VALUE" lines: times in ns; "touch NS COUNT" for a histogram, NS being
 * the upper end of the class; "sample MS KIB" for what was unaccepted, MS
 * milliseconds after the beginning. It keeps the memory until it ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define MIB		(1UL << 20)
#define SECOND		1000000000ULL
#define SHORT_NS	1000000U

/* Samples are taken between touches, where they disturb no measurement. */
#define SAMPLE_PAGES	(8 * MIB / PAGE)
#define SAMPLE_NS	(SECOND / 20)
#define MAX_SAMPLES	10000

/* Classes of the histogram per power of two. */
#define CLASSES		4

struct sample {
	uint64_t ns;
	unsigned long kib;
};

static uint32_t *took;
static struct sample samples[MAX_SAMPLES];
static unsigned int nr_samples;
static uint64_t began;
static int meminfo;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec ts = { .tv_sec = ns / SECOND, .tv_nsec = ns % SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("touch: mmap");
		exit(2);
	}
	/* Single pages are measured, so huge pages must not be used. */
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

/* Records the memory that is unaccepted now; 0 if the kernel does not show it. */
static void sample(void)
{
	char text[4096];
	const char *line;
	ssize_t got;

	if (nr_samples == MAX_SAMPLES)
		return;
	got = pread(meminfo, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	line = strstr(text, "Unaccepted:");
	samples[nr_samples].ns = now() - began;
	samples[nr_samples].kib = line ? strtoul(line + strlen("Unaccepted:"), NULL, 10) : 0;
	nr_samples++;
}

/* Returns the time of the touches alone. */
static uint64_t burst(char *from, uint32_t *to, size_t pages)
{
	uint64_t start = now(), end, sum = 0;
	size_t i;

	for (i = 0; i < pages; i++) {
		from[i * PAGE] = 1;
		end = now();
		to[i] = end - start < UINT32_MAX ? end - start : UINT32_MAX;
		sum += end - start;
		start = end;
		if (i % SAMPLE_PAGES == SAMPLE_PAGES - 1) {
			sample();
			start = now();
		}
	}
	return sum;
}

static void rest_until(uint64_t ns)
{
	uint64_t next;

	while ((next = now() + SAMPLE_NS) < ns) {
		sleep_until(next);
		sample();
	}
	if (now() < ns)
		sleep_until(ns);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The quantile of the sorted times for a share in 1/1000. */
static uint32_t permille(size_t pages, unsigned int share)
{
	size_t at = pages * share / 1000;

	return took[at < pages ? at : pages - 1];
}

static void print_histogram(size_t pages)
{
	uint64_t base, end;
	size_t i = 0, first;
	int class;

	for (base = 1; i < pages; base *= 2) {
		for (class = 1; class <= CLASSES; class++) {
			end = base + base * class / CLASSES;
			for (first = i; i < pages && took[i] <= end; i++)
				;
			if (i > first)
				printf("touch %llu %zu\n", (unsigned long long)end, i - first);
		}
	}
}

/* Adds up the touches that are too short to contain an acceptance. */
static uint64_t sum_short(size_t pages)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < pages && took[i] < SHORT_NS; i++)
		sum += took[i];
	return sum;
}

static void print(size_t pages, uint64_t total, uint64_t wall)
{
	unsigned int i;

	qsort(took, pages, sizeof(*took), compare);
	printf("pages %zu\ntotal_ns %llu\nwall_ns %llu\n", pages,
	       (unsigned long long)total, (unsigned long long)wall);
	printf("short_ns %llu\n", (unsigned long long)sum_short(pages));
	printf("p50_ns %u\np99_ns %u\np999_ns %u\nmax_ns %u\n", permille(pages, 500),
	       permille(pages, 990), permille(pages, 999), took[pages - 1]);
	print_histogram(pages);
	for (i = 0; i < nr_samples; i++)
		printf("sample %llu %lu\n",
		       (unsigned long long)samples[i].ns / 1000000, samples[i].kib);
}

int main(int argc, char **argv)
{
	size_t size, step, pages, done;
	uint64_t period, next, total = 0;
	char *memory;

	if (argc != 4 || atol(argv[1]) <= 0 || atol(argv[2]) <= 0) {
		fprintf(stderr, "usage: touch TOTAL_MIB BURST_MIB PERIOD_US\n");
		return 2;
	}
	size = atol(argv[1]) * MIB;
	step = atol(argv[2]) * MIB / PAGE;
	period = atol(argv[3]) * 1000ULL;
	pages = size / PAGE;

	/* Allocate the program's own memory before the measurement. */
	took = map(pages * sizeof(*took));
	memset(took, 1, pages * sizeof(*took));
	memset(samples, 1, sizeof(samples));
	memory = map(size);
	meminfo = open("/proc/meminfo", O_RDONLY);

	began = now();
	next = began;
	sample();
	for (done = 0; done < pages; done += step, next += period) {
		if (step > pages - done)
			step = pages - done;
		rest_until(next);
		total += burst(memory + done * PAGE, took + done, step);
	}
	sample();
	print(pages, total, now() - began);
	return 0;
}
