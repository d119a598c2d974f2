// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes what unacceptedctl makes of the kernel's files: whatever they hold, does it end,
 * with one of its exit statuses, and is its JSON such that programs can read it?
 */
#include "fuzz.h"

#include "tool_files.h"

#define MAX_ARGS	7
#define MAX_DEPTH	16
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const char * const commands[][MAX_ARGS] = {
	{ "status" }, { "status", "--json" }, { "watch", "-c", "1" }, { "accept", "all" },
	{ "accept", "50%", "--json" }, { "accept", "1G", "--node", "1" },
	{ "accept", "--range", "4G+1G" }, { "accept", "50%", "--background" },
	{ "acceptor" }, { "acceptor", "--json" }, { "acceptor", "all", "--cpu", "5" },
	{ "map" }, { "map", "--json" }, { "map", "--svg", "-" }, { "map", "--node", "1" },
	{ "wait", "--timeout", "0.000000001" },
	{ "wait", "--timeout", "0.000000001", "--json", "--until", "bytes<=4G" },
	{ "doctor" }, { "doctor", "--json" }, { "report", "-o", "-" }, { "version" },
};

/**
 * struct input - the first bytes of an input; what files hold follows
 * @command: which command
 * @tty: its output is a terminal
 * @rows: of the terminal
 * @columns: of the terminal
 */
struct input {
	uint8_t command;
	uint8_t tty;
	uint8_t rows;
	uint8_t columns;
};

/* The functions that follow read JSON (RFC 8259), and return NULL where it is none. */
static const char *json_value(const char *at, unsigned int depth);

static const char *json_space(const char *at)
{
	return at + strspn(at, " \t\n\r");
}

/* The end of a character in UTF-8; none is longer than needed or half of a pair. */
static const char *utf8_char(const char *text)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char first = *text++;
	unsigned int more = first < 0x80 ? 0 : first < 0xc0 ? 4 : first < 0xe0 ? 1 :
		first < 0xf0 ? 2 : first < 0xf8 ? 3 : 4;
	uint32_t value = more ? first & (0x3f >> more) : first;

	if (more > 3)
		return NULL;
	for (unsigned int i = 0; i < more; i++, text++) {
		if ((*text & 0xc0) != 0x80)
			return NULL;
		value = value << 6 | (*text & 0x3f);
	}
	if (value < least[more] || value > 0x10ffff || value >> 11 == 0xd800 >> 11)
		return NULL;
	return text;
}

static const char *json_text(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (at && *at != '"') {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at != '\\')
			at = utf8_char(at);
		else if (at[1] == 'u' && strspn(at + 2, "0123456789abcdefABCDEF") >= 4)
			at += 6;
		else if (at[1] && strchr("\"\\/bfnrt", at[1]))
			at += 2;
		else
			return NULL;
	}
	return at ? at + 1 : NULL;
}

static const char *json_member(const char *at, char close, unsigned int depth)
{
	if (close == '}') {
		at = json_text(at);
		at = at ? json_space(at) : NULL;
		if (!at || *at++ != ':')
			return NULL;
	}
	return json_value(at, depth);
}

/* An object or an array. */
static const char *json_members(const char *at, char close, unsigned int depth)
{
	at = json_space(at);
	if (*at == close)
		return at + 1;
	for (;;) {
		at = json_member(json_space(at), close, depth);
		if (!at)
			return NULL;
		at = json_space(at);
		if (*at == close)
			return at + 1;
		if (*at++ != ',')
			return NULL;
	}
}

static const char *json_value(const char *at, unsigned int depth)
{
	size_t digits;

	at = json_space(at);
	if (depth == MAX_DEPTH)
		return NULL;
	switch (*at) {
	case '{':
		return json_members(at + 1, '}', depth + 1);
	case '[':
		return json_members(at + 1, ']', depth + 1);
	case '"':
		return json_text(at);
	case 't':
		return strncmp(at, "true", 4) ? NULL : at + 4;
	case 'f':
		return strncmp(at, "false", 5) ? NULL : at + 5;
	}
	/* The tool prints no other numbers. */
	digits = strspn(at, "0123456789");
	return digits && (digits == 1 || *at != '0') ? at + digits : NULL;
}

static void check_json(const char *text)
{
	const char *end = json_value(text, 0);

	expect(end);
	expect(!*json_space(end));
}

static void check_output(const char * const *command, int code, const char *text, size_t size)
{
	bool json = false;

	expect((code >= 0 && code <= 5) || code == 124 || code == 130);
	expect(code != 2 || !strcmp(command[0], "map") || !strcmp(command[0], "accept"));
	expect(strlen(text) == size);
	for (size_t i = 0; i < MAX_ARGS && command[i]; i++)
		json |= !strcmp(command[i], "--json");
	if (json && size)
		check_json(text);
	if (!strcmp(command[0], "map") && command[2] && !strcmp(command[2], "-") && size) {
		expect(!strncmp(text, "<svg ", 5));
		expect(strstr(text, "</svg>\n") == text + size - strlen("</svg>\n"));
	}
}

/* Runs a command with its output in memory. */
static void run(const char * const *command)
{
	FILE *out = stdout, *err = stderr;
	char *argv[MAX_ARGS + 2] = { "unacceptedctl" }, *text = NULL, *errors = NULL;
	size_t size = 0, errors_size;
	int argc = 1, code;

	while (argc <= MAX_ARGS && command[argc - 1]) {
		argv[argc] = (char *)command[argc - 1];
		argc++;
	}
	/* Lets getopt_long() begin anew. */
	optind = 0;
	stdout = open_memstream(&text, &size);
	stderr = open_memstream(&errors, &errors_size);
	code = tool_main(argc, argv);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	/* What failed must say why; "doctor" does so on stdout. */
	expect(!code || size || errors_size);
	check_output(command, code, text, size);
	free(text);
	free(errors);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	setenv("UNACCEPTEDCTL_ROOT", "/fuzz", 1);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	data += sizeof(input);
	size -= sizeof(input);

	fake_tty = input.tty & 1;
	fake_winsize.ws_row = input.rows;
	fake_winsize.ws_col = input.columns;
	files_reset();
	while (files_replace(&data, &size))
		;
	run(commands[input.command % COUNT(commands)]);
	return 0;
}
