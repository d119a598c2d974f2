// SPDX-License-Identifier: GPL-2.0
/*
 * ccemu: the guest's side of the emulator's I/O ports.
 *
 * A program and not /dev/port, because cloud kernels are built without
 * CONFIG_DEVPORT. Needs root (iopl) and works on the emulator only.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#include "../qemu/ccemu-abi.h"

#define EXIT_USAGE	2
#define EXIT_SKIP	4	/* kselftest's "cannot be tested here" */

#define NAME(n)		#n,
static const char * const counters[] = { CCEMU_COUNTERS(NAME) };
static const char * const knobs[] = { CCEMU_KNOBS(NAME) };
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void help(FILE *to)
{
	fputs("usage: ccemu counters             all counters, one \"name value\" per line\n"
	      "       ccemu get NAME             one counter or knob\n"
	      "       ccemu set KNOB VALUE       decimal, 0x... or 0...\n"
	      "       ccemu exit N               end the machine with verdict N (0 pass, 1 fail, 4 skip; at most 15)\n"
	      "       ccemu --help\n"
	      "exit status: 0 done, 1 error, 2 usage, 4 no emulator here\n", to);
	fputs("counters:", to);
	for (size_t i = 0; i < COUNT(counters); i++)
		fprintf(to, " %s", counters[i]);
	fputs("\nknobs:", to);
	for (size_t i = 0; i < COUNT(knobs); i++)
		fprintf(to, " %s", knobs[i]);
	fputs("\n", to);
}

static int usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "ccemu: %s: %s (see ccemu --help)\n", what, arg);
	return EXIT_USAGE;
}

static uint64_t value_read(unsigned int index)
{
	uint32_t low;

	outl(index, CCEMU_PORT_SELECT);
	/* LOW first: it latches all 64 bits. */
	low = inl(CCEMU_PORT_LOW);
	return (uint64_t)inl(CCEMU_PORT_HIGH) << 32 | low;
}

static void value_write(unsigned int index, uint64_t value)
{
	outl(index, CCEMU_PORT_SELECT);
	/* LOW last: it commits. */
	outl(value >> 32, CCEMU_PORT_HIGH);
	outl((uint32_t)value, CCEMU_PORT_LOW);
}

/* Index of a name in a list, or -1. */
static int find(const char * const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return (int)i;
	return -1;
}

static int parse(const char *s, uint64_t *value)
{
	char *end;

	/* strtoull() would take "-1" and leading blanks. */
	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	*value = strtoull(s, &end, 0);
	return errno || *end ? -1 : 0;
}

/* Returns 0 when the ports may be used and the emulator answers on them. */
static int open_ports(void)
{
	if (iopl(3)) {
		fprintf(stderr, "ccemu: iopl: %s\n", strerror(errno));
		return 1;
	}
	if (inl(CCEMU_PORT_VERDICT) != CCEMU_MAGIC) {
		fputs("ccemu: no emulator here\n", stderr);
		return EXIT_SKIP;
	}
	return 0;
}

static int do_counters(void)
{
	int ret = open_ports();

	if (ret)
		return ret;
	for (size_t i = 0; i < COUNT(counters); i++)
		printf("%s %" PRIu64 "\n", counters[i], value_read(i));
	return 0;
}

static int do_get(const char *name)
{
	int index = find(counters, COUNT(counters), name);
	int ret;

	if (index < 0) {
		index = find(knobs, COUNT(knobs), name);
		if (index < 0)
			return usage_error("no such counter or knob", name);
		index += CCEMU_KNOB_BASE;
	}
	ret = open_ports();
	if (!ret)
		printf("%" PRIu64 "\n", value_read(index));
	return ret;
}

static int do_set(const char *name, const char *text)
{
	int index = find(knobs, COUNT(knobs), name);
	uint64_t value, now;
	int ret;

	if (index < 0)
		return usage_error("no such knob", name);
	if (parse(text, &value))
		return usage_error("not a number", text);
	ret = open_ports();
	if (ret)
		return ret;
	value_write(CCEMU_KNOB_BASE + index, value);
	/* The "next N" knobs count down, perhaps already now: less is no error. */
	now = value_read(CCEMU_KNOB_BASE + index);
	if (now == value || (strstr(name, "_next") && now < value))
		return 0;
	fprintf(stderr, "ccemu: the emulator refused %s = %s\n", name, text);
	return 1;
}

static int do_exit(const char *text)
{
	uint64_t value;
	int ret;

	if (parse(text, &value) || value > 15)
		return usage_error("not a verdict from 0 to 15", text);
	ret = open_ports();
	if (ret)
		return ret;
	outl((uint32_t)value, CCEMU_PORT_VERDICT);
	/* The emulator ends as soon as its main loop sees the request. */
	sleep(5);
	fputs("ccemu: still here after the verdict\n", stderr);
	return 1;
}

static int run(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		help(stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "counters"))
		return do_counters();
	if (argc == 3 && !strcmp(argv[1], "get"))
		return do_get(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "set"))
		return do_set(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return do_exit(argv[2]);
	help(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int ret = run(argc, argv);

	if (fflush(stdout) && !ret) {
		fprintf(stderr, "ccemu: write: %s\n", strerror(errno));
		ret = 1;
	}
	return ret;
}
