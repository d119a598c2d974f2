// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl doctor: finds the cause if a guest is slow after boot, and says
 * what to do.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define INDENT	6

static const char * const found_names[NR_FOUND] = {
	[FOUND_OK] = "ok",
	[FOUND_INFO] = "info",
	[FOUND_WARN] = "warn",
	[FOUND_FAIL] = "FAIL",
};

static void (*const checks[])(struct doctor *doctor) = {
	check_guest, check_kernel, check_eager, check_table, check_lockdown, check_module,
	check_binding, check_watermarks, check_stalls, check_share, check_acceptor, check_pressure,
	check_reporting, check_errors, check_audit, check_verdict,
};

/**
 * doctor_say - print a finding
 * @doctor: what is known, and the output
 * @finding: how serious it is
 * @name: name of the check
 * @advice: what to do; NULL for nothing
 * @format: what was found, for printf()
 */
void doctor_say(struct doctor *doctor, enum finding finding, const char *name,
		const char *advice, const char *format, ...)
{
	char text[1024];
	size_t used = 0;
	va_list args;

	doctor->found[finding]++;
	if (!doctor->json)
		used = snprintf(text, sizeof(text), "%s: ", name);
	va_start(args, format);
	vsnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);

	if (!doctor->json) {
		wrap(doctor->to, found_names[finding], INDENT, doctor->width, text);
		if (advice)
			wrap(doctor->to, "", INDENT, doctor->width, advice);
		return;
	}
	json_open(doctor->json, NULL, '{');
	json_string(doctor->json, "check", name);
	json_string(doctor->json, "result", found_names[finding]);
	json_string(doctor->json, "text", text);
	if (advice)
		json_string(doctor->json, "advice", advice);
	json_close(doctor->json, '}');
}

/* "KEY: N kB" of /proc/meminfo, as bytes. */
static bool meminfo(const char *text, const char *key, uint64_t *bytes)
{
	const char *line = strstr(text, key);

	*bytes = 0;
	if (!line)
		return false;
	*bytes = strtoull(line + strlen(key), NULL, 10) << 10;
	return true;
}

static void look(struct doctor *doctor)
{
	int error;
	char *text = file_load("/proc/meminfo", &error);

	if (text) {
		meminfo(text, "MemTotal:", &doctor->total);
		doctor->counted = meminfo(text, "\nUnaccepted:", &doctor->unaccepted);
		free(text);
	}
	file_line("/proc/cmdline", doctor->cmdline, sizeof(doctor->cmdline));
	doctor->log = kernel_log(&error);
	snapshot_take(&doctor->snapshot);
	/* Not before: the module may go while it is read. */
	doctor->loaded = file_exists(SYS "state");
}

static void examine(struct doctor *doctor)
{
	unsigned int i;

	look(doctor);
	for (i = 0; i < COUNT(checks); i++)
		checks[i](doctor);
	free(doctor->log);
}

/**
 * doctor_print - run all checks and print their findings as text
 * @to: the output
 * @width: longest line, in columns; 0 for no limit
 *
 * Return: true if none is a FAIL.
 */
bool doctor_print(FILE *to, unsigned int width)
{
	struct doctor doctor = { .to = to, .width = width };

	examine(&doctor);
	return !doctor.found[FOUND_FAIL];
}

static bool doctor_json(void)
{
	struct json json = { .to = stdout };
	struct doctor doctor = { .json = &json };

	json_open(&json, NULL, '[');
	examine(&doctor);
	json_close(&json, ']');
	return !doctor.found[FOUND_FAIL];
}

static int doctor_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	bool json = false, good;
	int option;

	while ((option = getopt_long(argc, argv, "j", options, NULL)) >= 0) {
		if (option != 'j')
			return command_usage(&cmd_doctor, NULL);
		json = true;
	}
	if (optind < argc)
		return command_usage(&cmd_doctor, "unexpected argument '%s'", argv[optind]);
	if (json)
		good = doctor_json();
	else
		good = doctor_print(stdout, isatty(STDOUT_FILENO) ?
				    term_columns(STDOUT_FILENO) : 0);
	return good ? CTL_OK : CTL_FAILED;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "slow after boot? The cause, and what to do",
	.run = doctor_run,
	.help =
		"usage: unacceptedctl doctor [--json]\n\n"
		"Looks at the machine, the kernel, the module and what acceptance has cost, and says\n"
		"in plain words what is going on. A line per finding: ok, info, warn, or FAIL; and below\n"
		"it what to do. Changes nothing. Works without the module, too; as root it sees more.\n"
		"The exit status is 1 if something is a FAIL.\n\n"
		"  -j, --json   print the findings as JSON\n\n"
		"examples:\n"
		"  unacceptedctl doctor\n"
		"  unacceptedctl doctor --json | jq -r '.[] | select(.result == \"FAIL\") | .text'\n",
};
