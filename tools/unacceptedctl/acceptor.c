// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl acceptor: the background threads.
 */
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define INDENT	13

static const char * const modes[] = { "off", "ahead", "idle", "all" };

/**
 * acceptor_print - print the settings of the threads and what they do
 * @to: the output
 * @info: from acceptor_take()
 * @width: longest line, in columns; 0 for no limit
 */
void acceptor_print(FILE *to, const struct acceptor_info *info, unsigned int width)
{
	char text[2048];
	size_t used;

	if (!info->known)
		return;
	snprintf(text, sizeof(text), "%s%s%s", info->mode,
		 strcmp(info->mode, "off") ? "; threads: " : "",
		 strcmp(info->mode, "off") ? info->state : "");
	wrap(to, "acceptor", INDENT, width, text);

	used = snprintf(text, sizeof(text), "headroom %s, floor %s, ", size_text(info->headroom),
			size_text(info->floor));
	if (info->bytes_per_second)
		used += snprintf(text + used, sizeof(text) - used, "bandwidth %s/s, ",
				 size_text(info->bytes_per_second));
	else
		used += snprintf(text + used, sizeof(text) - used, "bandwidth any, ");
	snprintf(text + used, sizeof(text) - used, "cpu %u %%, threads %u per node",
		 (unsigned int)info->cpu, (unsigned int)info->threads);
	wrap(to, "limits", INDENT, width, text);
	if (*info->hits)
		wrap(to, "held back by", INDENT, width, info->hits);
	if (*info->error && strcmp(info->error, "none"))
		wrap(to, "its error", INDENT, width, info->error);
}

/**
 * acceptor_json - write the same as members of a JSON object
 * @json: the document, in which an object is open
 * @info: from acceptor_take()
 */
void acceptor_json(struct json *json, const struct acceptor_info *info)
{
	json_string(json, "mode", info->mode);
	json_words(json, "state", strcmp(info->mode, "off") ? info->state : "");
	json_words(json, "pids", info->pids);
	json_number(json, "bytes_per_second", info->bytes_per_second);
	json_number(json, "cpu_percent", info->cpu);
	json_number(json, "headroom_bytes", info->headroom);
	json_number(json, "floor_bytes", info->floor);
	json_number(json, "threads_per_node", info->threads);
	if (*info->hits)
		json_string(json, "hits", info->hits);
	if (*info->error)
		json_string(json, "error", info->error);
}

static const struct option options[] = {
	{ "headroom", required_argument, NULL, 'r' },
	{ "bandwidth", required_argument, NULL, 'b' },
	{ "cpu", required_argument, NULL, 'c' },
	{ "floor", required_argument, NULL, 'f' },
	{ "threads", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ }
};

/* What an option sets, and the largest value; 0 for an amount of bytes. */
static const struct knob {
	int option;
	const char *name;
	const char *file;
	unsigned int most;
} knobs[] = {
	{ 'r', "--headroom", "headroom_bytes", 0 },
	{ 'b', "--bandwidth", "bytes_per_second", 0 },
	{ 'c', "--cpu", "cpu_percent", 400 },
	{ 'f', "--floor", "floor_bytes", 0 },
	{ 't', "--threads", "threads_per_node", 4 },
};

/* Append NAME=VALUE to @params; returns CTL_OK or CTL_USAGE. */
static int append(char *params, size_t size, const char *name, const char *value)
{
	size_t used = strlen(params);
	int len = snprintf(params + used, size - used, "%s%s=%s", used ? " " : "", name, value);

	/* The beginning of a number is another number: it must not reach the module. */
	if (used + len >= size)
		return command_usage(&cmd_acceptor, "too many options");
	return CTL_OK;
}

/* Append a knob to @params; returns CTL_OK or CTL_USAGE. */
static int set_knob(char *params, size_t size, const struct knob *knob, const char *text)
{
	unsigned int number;
	uint64_t value;
	char digits[24];
	int error;

	if (knob->most) {
		error = parse_number(text, 1, knob->most, &number);
		value = number;
	} else {
		error = parse_size(text, &value);
	}
	if (error && knob->most)
		return command_usage(&cmd_acceptor, "%s: '%s' is not a number from 1 to %u",
				     knob->name, text, knob->most);
	if (error)
		return command_usage(&cmd_acceptor,
				     "%s: '%s' is not an amount of bytes such as 64M", knob->name,
				     text);
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	return append(params, size, knob->file, digits);
}

static int set_mode(char *params, size_t size, const char *word)
{
	unsigned int i;

	for (i = 0; i < COUNT(modes); i++)
		if (!strcmp(modes[i], word))
			return append(params, size, "mode", word);
	return command_usage(&cmd_acceptor, "'%s' is not one of off, ahead, idle, all", word);
}

static int parse(int argc, char **argv, char *params, size_t size, bool *json)
{
	int option, code;
	unsigned int i;

	while ((option = getopt_long(argc, argv, "r:b:c:f:t:j", options, NULL)) >= 0) {
		if (option == '?')
			return command_usage(&cmd_acceptor, NULL);
		*json |= option == 'j';
		for (i = 0; i < COUNT(knobs); i++) {
			if (knobs[i].option != option)
				continue;
			code = set_knob(params, size, &knobs[i], optarg);
			if (code)
				return code;
		}
	}
	if (argc - optind > 1)
		return command_usage(&cmd_acceptor, "unexpected argument '%s'", argv[optind + 1]);
	return optind < argc ? set_mode(params, size, argv[optind]) : CTL_OK;
}

static int acceptor_run(int argc, char **argv)
{
	struct json document = { .to = stdout };
	struct acceptor_info info;
	char params[256] = "";
	bool json = false;
	int code, error;

	code = parse(argc, argv, params, sizeof(params), &json);
	if (code)
		return code;
	if (need_module())
		return CTL_NO_MODULE;
	if (!file_exists(SYS "acceptor/params"))
		return fail(CTL_UNSUPPORTED, "this version of the module has no acceptor");

	/* In one write, because the module then changes all values or none. */
	if (*params) {
		error = file_write(SYS "acceptor/params", params);
		if (error)
			return fail_errno(error, "acceptor/params");
	}
	acceptor_take(&info);
	/* The module may have gone meanwhile. */
	if (need_module())
		return CTL_NO_MODULE;
	if (json) {
		json_open(&document, NULL, '{');
		acceptor_json(&document, &info);
		json_close(&document, '}');
	} else {
		acceptor_print(stdout, &info,
			       isatty(STDOUT_FILENO) ? term_columns(STDOUT_FILENO) : 80);
	}
	return CTL_OK;
}

const struct command cmd_acceptor = {
	.name = "acceptor",
	.summary = "show or set the threads that accept in the background",
	.run = acceptor_run,
	.help =
		"usage: unacceptedctl acceptor [off|ahead|idle|all] [OPTION]...\n\n"
		"Without arguments, show the settings. Otherwise change all given settings at once,\n"
		"or none if one is refused, and show the settings. As root.\n\n"
		"  off    no threads\n"
		"  ahead  keep some memory accepted and free, so that allocations need not wait\n"
		"  idle   accept everything, while nothing else runs\n"
		"  all    accept everything, as fast as the limits allow\n\n"
		"  -r, --headroom SIZE    ahead: how much to keep free in each zone\n"
		"  -b, --bandwidth SIZE   limit per second for all threads together; 0: no limit\n"
		"  -c, --cpu PERCENT      share of one CPU for the threads of a node; 1 to 400\n"
		"  -f, --floor SIZE       leave this much unaccepted\n"
		"  -t, --threads N        threads for each node; 1 to 4\n"
		"  -j, --json             print JSON, for programs\n\n"
		"SIZE is in bytes, with an optional suffix K, M, G, T, P or E.\n\n"
		"examples:\n"
		"  unacceptedctl acceptor\n"
		"  unacceptedctl acceptor ahead --headroom 256M\n"
		"  unacceptedctl acceptor all --bandwidth 1G --cpu 50 --floor 4G\n"
		"  unacceptedctl acceptor off\n",
};
