// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes what users write to the module's files. Here the grammar of each file is read once
 * more, as Documentation/ABI/testing/ states it: is every text taken or refused as it says,
 * with that errno; does what was taken read back; and does what was refused change nothing?
 */
#include "fuzz.h"

#include "../unit/control.h"

/* Larger than any number that a file takes. */
#define u128	unsigned __int128

static const char * const paths[] = {
	"accept", "node0/accept", "node0/Normal/accept", "debugfs/accept", "accept_range",
	"map_chunk_bytes", "policy/max_blocks", "policy/max_us", "policy/placement",
	"acceptor/mode", "acceptor/bytes_per_second", "acceptor/cpu_percent",
	"acceptor/headroom_bytes", "acceptor/floor_bytes", "acceptor/threads_per_node",
	"acceptor/params",
};

/**
 * struct input - the first bytes of an input; the text follows
 * @path: which file
 * @flags: what the machine cannot do, and what the platform says
 * @unaccepted: MiB that are unaccepted
 */
struct input {
	u8 path;
	u8 flags;
	u16 unaccepted;
};

enum { NO_TABLE = 1, OBSERVES = 2, KERNEL_DECIDES = 4, REFUSES = 8 };

/* What this file would read: @size - 1 bytes at most, without NUL, without space around it. */
static int trimmed(char *to, size_t size, const char *data, size_t count)
{
	static const char space[] = " \t\n\v\f\r\xa0";

	if (count >= size || memchr(data, 0, count))
		return -EINVAL;
	while (count && strchr(space, data[count - 1]))
		count--;
	while (count && strchr(space, *data)) {
		data++;
		count--;
	}
	memcpy(to, data, count);
	to[count] = 0;
	return 0;
}

static int digit(char c, int base)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c += 'a' - 'A';
	at = c ? strchr(digits, c) : NULL;
	return at && at - digits < base ? at - digits : -1;
}

/* The digits at *text, of which there must be some; numbers beyond 2^64 are all the same. */
static int read_digits(const char **text, int base, u128 *number)
{
	const char *start = *text;

	for (*number = 0; digit(**text, base) >= 0; (*text)++)
		if (!(*number >> 64))
			*number = *number * base + digit(**text, base);
	return *text == start ? -EINVAL : 0;
}

/* Decimal or, if @hex allows it, hexadecimal with 0x; and a suffix. */
static int want_bytes(const char *text, bool hex, u64 *bytes)
{
	static const char suffixes[] = "KMGTPEkmgtpe";
	const char *at;
	u128 number;
	int base = 10;

	if (hex && !strncmp(text, "0x", 2)) {
		text += 2;
		base = 16;
	}
	if (read_digits(&text, base, &number))
		return -EINVAL;
	if (*text) {
		at = strchr(suffixes, *text);
		if (!at || text[1])
			return -EINVAL;
		/* Less than 2^68 before, so that nothing is lost. */
		number <<= 10 * (1 + (at - suffixes) % 6);
	}
	if (number >> 64)
		return -ERANGE;
	*bytes = number;
	return 0;
}

static int want_number(const char *text, unsigned int least, unsigned int most,
		       unsigned int *value)
{
	u128 number;

	if (read_digits(&text, 10, &number) || *text)
		return -EINVAL;
	if (number < least || number > most)
		return -ERANGE;
	*value = number;
	return 0;
}

static int want_accept(void)
{
	if (!ua_state.table.present)
		return -ENODEV;
	return ua_state.core->accept_block ? 0 : -EOPNOTSUPP;
}

static u64 rounded_up(u128 number, u64 to)
{
	return (number + to - 1) / to;
}

/* What "accept" takes: how many blocks are to be accepted? */
static int want_amount(const char *text, u64 *blocks)
{
	u64 have = rounded_up(machine.unaccepted, UA_BLOCK_BYTES), bytes;
	const char *rest = text;
	u128 percent;
	int error;

	*blocks = U64_MAX;
	if (!strcmp(text, "all"))
		return 0;
	if (!read_digits(&rest, 10, &percent) && !strcmp(rest, "%")) {
		*blocks = rounded_up(have * percent, 100);
		if (!percent)
			return -EINVAL;
		return percent > 100 ? -ERANGE : 0;
	}
	error = want_bytes(text, false, &bytes);
	if (error)
		return error;
	*blocks = rounded_up(bytes, UA_BLOCK_BYTES);
	return bytes ? 0 : -EINVAL;
}

/* After a write to a file that accepts: its error, and its progress. */
static void check_trigger(const char *path, ssize_t ret, int refused)
{
	char text[PAGE_SIZE], progress[64], file[64];
	u64 asked = ua_state.trigger.asked;
	int number;

	control_read("accept_error", text);
	if (ret < 0)
		expect(sscanf(text, "%*u.%*u %d %63s", &number, file) == 2 && number == ret &&
		       !strcmp(file, strncmp(path, "debugfs/", 8) ? path : path + 8));
	else
		expect(!strcmp(text, "none\n"));

	snprintf(progress, sizeof(progress), "%llu %llu\n", ret < 0 ? 0 : asked, asked);
	control_read("accept_progress", text);
	expect(!strcmp(text, progress));
	if (refused)
		expect(!asked);
	expect(machine.calls == !refused);
	expect(!ua_state.trigger.users);
}

static void check_accept(const char *path, const char *data, size_t count)
{
	int error = want_accept();
	u64 blocks = 0, before = machine.unaccepted;
	char text[64];
	ssize_t ret;

	if (!error)
		error = trimmed(text, sizeof(text), data, count);
	if (!error)
		error = want_amount(text, &blocks);
	ret = control_write(path, data, count);
	expect(ret == (error ? error : machine.result ? machine.result : (ssize_t)count));
	check_trigger(path, ret, error);
	expect(error || machine.blocks == blocks);
	expect(ret >= 0 || machine.unaccepted == before);
}

/* "START-END" or "START+SIZE" */
static int want_range(char *text, u64 *start, u64 *end)
{
	char *second = text + strcspn(text, "+-"), sign = *second;
	u128 sum;
	u64 number;
	int error;

	if (!sign)
		return -EINVAL;
	*second++ = 0;
	error = want_bytes(text, true, start);
	if (!error)
		error = want_bytes(second, true, &number);
	if (error)
		return error;
	sum = sign == '+' ? (u128)*start + number : number;
	if (sum >> 64)
		return -ERANGE;
	*end = sum;
	if (*end <= *start)
		return -EINVAL;
	if (sum > 1ULL << machine.phys_bits)
		return -ERANGE;
	return *start / UA_BLOCK_BYTES * UA_BLOCK_BYTES < machine.ram_end ? 0 : -ERANGE;
}

static void check_range(const char *path, const char *data, size_t count)
{
	char input[64], text[PAGE_SIZE], again[64];
	u64 start, end, rounded[2];
	int error = want_accept();
	ssize_t ret;

	if (!error)
		error = trimmed(input, sizeof(input), data, count);
	if (!error)
		error = want_range(input, &start, &end);
	ret = control_write(path, data, count);
	expect(ret == (error ? error : machine.result ? machine.result : (ssize_t)count));
	check_trigger(path, ret, error);
	control_read(path, text);
	if (error) {
		expect(!strcmp(text, "none\n"));
		return;
	}
	rounded[0] = start / UA_BLOCK_BYTES * UA_BLOCK_BYTES;
	rounded[1] = rounded_up(end, UA_BLOCK_BYTES) * UA_BLOCK_BYTES;
	expect(machine.start == rounded[0] >> PAGE_SHIFT);
	expect(machine.end == rounded[1] >> PAGE_SHIFT);
	snprintf(input, sizeof(input), "%#llx-%#llx", start, end);
	expect(!strncmp(text, input, strlen(input)));
	snprintf(again, sizeof(again), " asked %#llx-%#llx rounded ", rounded[0], rounded[1]);
	expect(!strncmp(text + strlen(input), again, strlen(again)));
	/* What it shows is the same range. */
	if (!machine.result)
		expect(control_write(path, input, strlen(input)) > 0);
}

/* One of the acceptor's files, or a word of "params". */
static int want_knob(const char *name, const char *text, struct ua_acceptor_knobs *knobs)
{
	static const char * const modes[] = { "off", "ahead", "idle", "all" };
	int error;

	if (!strcmp(name, "mode")) {
		error = want_accept();
		for (size_t i = 0; !error && i < ARRAY_SIZE(modes); i++) {
			if (!strcmp(text, modes[i])) {
				knobs->mode = i;
				return 0;
			}
		}
		return error ? error : -EINVAL;
	}
	if (!strcmp(name, "bytes_per_second"))
		return want_bytes(text, false, &knobs->bytes_per_second);
	if (!strcmp(name, "headroom_bytes"))
		return want_bytes(text, false, &knobs->headroom_bytes);
	if (!strcmp(name, "floor_bytes"))
		return want_bytes(text, false, &knobs->floor_bytes);
	if (!strcmp(name, "cpu_percent"))
		return want_number(text, 1, 400, &knobs->cpu_percent);
	if (!strcmp(name, "threads_per_node"))
		return want_number(text, 1, 4, &knobs->threads_per_node);
	return -EINVAL;
}

/* "NAME=VALUE NAME=VALUE ..."; at least one. */
static int want_params(char *text, struct ua_acceptor_knobs *knobs)
{
	char *word, *value, *rest;
	int error = -EINVAL;

	for (word = strtok_r(text, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = 0;
		error = want_knob(word, value, knobs);
		if (error)
			return error;
	}
	return error;
}

static bool same_knobs(const struct ua_acceptor_knobs *a, const struct ua_acceptor_knobs *b)
{
	return a->mode == b->mode && a->bytes_per_second == b->bytes_per_second &&
	       a->cpu_percent == b->cpu_percent && a->headroom_bytes == b->headroom_bytes &&
	       a->floor_bytes == b->floor_bytes && a->threads_per_node == b->threads_per_node;
}

static void check_acceptor(const char *path, const char *data, size_t count)
{
	struct ua_acceptor_knobs knobs = ua_state.acceptor.knobs;
	const char *name = strchr(path, '/') + 1;
	char input[256], text[PAGE_SIZE];
	ssize_t ret;
	int error;

	error = trimmed(input, sizeof(input), data, count);
	if (!error) {
		struct ua_acceptor_knobs wanted = knobs;

		error = strcmp(name, "params") ? want_knob(name, input, &wanted) :
			want_params(input, &wanted);
		if (!error)
			knobs = wanted;
	}
	ret = control_write(path, data, count);
	expect(ret == (error ? error : (ssize_t)count));
	expect(same_knobs(&ua_state.acceptor.knobs, &knobs));
	expect(machine.changes == !error);

	/* What each file shows can be written to it, and changes nothing. */
	control_read(path, text);
	ret = control_write(path, text, strlen(text));
	expect(ret == (ssize_t)strlen(text) || ret == want_accept());
	expect(same_knobs(&ua_state.acceptor.knobs, &knobs));
	/* The parameters of the module take the same. */
	if (strcmp(name, "params") && !memchr(data, 0, count)) {
		snprintf(text, sizeof(text), "%.*s", (int)count, data);
		expect(ua_control_set_acceptor(name, text) == error);
	}
}

/* A file with a single number or word, which must be as the ABI says afterwards. */
static void check_one(const char *path, const char *data, size_t count, size_t size,
		      int (*want)(const char *text, char *shown))
{
	char before[PAGE_SIZE], after[PAGE_SIZE], input[256], shown[64];
	ssize_t ret;
	int error = 0;

	control_read(path, before);
	if (want && !strncmp(path, "policy", 6) && !ua_state.owns_policy)
		error = -EOPNOTSUPP;
	if (!error)
		error = trimmed(input, size, data, count);
	if (!error)
		error = want(input, shown);
	ret = control_write(path, data, count);
	expect(ret == (error ? error : (ssize_t)count));
	control_read(path, after);
	expect(!strcmp(after, error ? before : shown));
}

static int want_chunk(const char *text, char *shown)
{
	u64 bytes;
	int error = want_bytes(text, false, &bytes);

	if (error)
		return error;
	if (__builtin_popcountll(bytes) != 1)
		return -EINVAL;
	sprintf(shown, "%llu\n", bytes);
	return bytes < 4ULL << 20 || bytes > 1ULL << 40 ? -ERANGE : 0;
}

static int want_blocks(const char *text, char *shown)
{
	unsigned int value = 0;
	int error = want_number(text, 1, 64, &value);

	sprintf(shown, "%u\n", value);
	return error;
}

static int want_us(const char *text, char *shown)
{
	unsigned int value = 0;
	int error = want_number(text, 0, 1000000, &value);

	sprintf(shown, "%u\n", value);
	return error;
}

static int want_placement(const char *text, char *shown)
{
	if (strcmp(text, "head") && strcmp(text, "tail"))
		return -EINVAL;
	sprintf(shown, "%s\n", text);
	return 0;
}

static void check_path(const char *path, const char *data, size_t count)
{
	if (strstr(path, "accept_range"))
		check_range(path, data, count);
	else if (strstr(path, "acceptor/"))
		check_acceptor(path, data, count);
	else if (strstr(path, "accept"))
		check_accept(path, data, count);
	else if (!strcmp(path, "map_chunk_bytes"))
		check_one(path, data, count, 32, want_chunk);
	else if (!strcmp(path, "policy/max_blocks"))
		check_one(path, data, count, 32, want_blocks);
	else if (!strcmp(path, "policy/max_us"))
		check_one(path, data, count, 32, want_us);
	else
		check_one(path, data, count, 32, want_placement);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input;
	const char *path;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	data += sizeof(input);
	size -= sizeof(input);
	path = paths[input.path % ARRAY_SIZE(paths)];
	/* sysfs passes on neither nothing nor more than a page. */
	if ((!size && strcmp(path, "debugfs/accept")) || size > PAGE_SIZE)
		return 0;

	control_reset();
	machine.unaccepted = (u64)input.unaccepted << 20;
	if (input.flags & NO_TABLE)
		ua_state.table.present = false;
	if (input.flags & OBSERVES)
		ua_state.core = &core_observes;
	if (input.flags & KERNEL_DECIDES)
		ua_state.owns_policy = false;
	if (input.flags & REFUSES)
		machine.result = -EIO;
	check_path(path, (const char *)data, size);
	return 0;
}
