// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl: inspect and control what a confidential guest has accepted.
 *
 * This file finds the command, prints its help, and prints errors.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#ifndef CTL_VERSION
#define CTL_VERSION "unknown"
#endif

static const struct command * const commands[] = {
	&cmd_status, &cmd_watch, &cmd_accept, &cmd_acceptor,
	&cmd_map, &cmd_wait, &cmd_doctor, &cmd_report,
};

static const char exit_help[] =
	"\nexit status:\n"
	"    0  done\n"
	"    1  failed, or not reached\n"
	"    2  wrong command line; nothing was done\n"
	"    3  the module \"unaccepted\" is not loaded\n"
	"    4  not possible here: no table, binding=observe, or an older module\n"
	"    5  permission denied: only root may do this\n"
	"  124  wait: the timeout was reached\n"
	"  130  interrupted by Ctrl-C (others: 128 + number of the signal)\n";

static int command_help(const struct command *command)
{
	fputs(command->help, stdout);
	fputs(exit_help, stdout);
	return CTL_OK;
}

static void say(const char *format, va_list args)
{
	fputs("unacceptedctl: ", stderr);
	vfprintf(stderr, format, args);
	putc('\n', stderr);
}

/**
 * command_usage - print what is wrong with the command line
 * @command: the command
 * @format: what is wrong; NULL if getopt_long() has said it
 *
 * Return: CTL_USAGE, for main() to return.
 */
int command_usage(const struct command *command, const char *format, ...)
{
	va_list args;

	if (format) {
		va_start(args, format);
		say(format, args);
		va_end(args);
	}
	fprintf(stderr, "Try 'unacceptedctl %s --help'.\n", command->name);
	return CTL_USAGE;
}

/**
 * fail - print an error
 * @code: one of enum ctl_exit
 * @format: the reason
 *
 * Return: @code, for main() to return.
 */
int fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return code;
}

/**
 * need_module - print an error if the module is not loaded
 *
 * Return: CTL_OK or CTL_NO_MODULE.
 */
int need_module(void)
{
	if (file_exists(SYS "state"))
		return CTL_OK;
	fail(CTL_NO_MODULE, "the module is not loaded");
	fputs("Try 'modprobe unaccepted' as root, or 'unacceptedctl doctor'.\n", stderr);
	return CTL_NO_MODULE;
}

/**
 * fail_errno - print in plain words what an errno of a file of the module means
 * @error: the negative errno
 * @file: what was read or written, below the module's directory
 *
 * Return: one of enum ctl_exit, for main() to return.
 */
int fail_errno(int error, const char *file)
{
	char reason[256];

	if (need_module())
		return CTL_NO_MODULE;
	file_line(SYS "reason", reason, sizeof(reason));
	switch (-error) {
	case EACCES:
	case EPERM:
		return fail(CTL_PERMISSION, "%s: permission denied; try as root", file);
	case ENOENT:
		return fail(CTL_UNSUPPORTED, "%s: this version of the module has no such file",
			    file);
	case ENODEV:
		/* The other reason, besides a table that is absent. Soon the files will go. */
		if (!sys_word("state", "absent"))
			return fail(CTL_NO_MODULE, "%s: the module is being unloaded", file);
		return fail(CTL_UNSUPPORTED, "%s: nothing can be accepted here: %s", file,
			    reason);
	case EOPNOTSUPP:
		return fail(CTL_UNSUPPORTED, "%s: the module cannot do this on this kernel: %s",
			    file, reason);
	case EIO:
		return fail(CTL_FAILED, "%s: the platform refused a block", file);
	case EINVAL:
		return fail(CTL_FAILED, "%s: the module does not take this value", file);
	case ERANGE:
		return fail(CTL_FAILED, "%s: out of range", file);
	default:
		return fail(CTL_FAILED, "%s: %s", file, strerror(-error));
	}
}

static int help(FILE *to)
{
	unsigned int i;

	fputs("usage: unacceptedctl COMMAND [OPTION]...\n\n"
	      "Shows and controls the memory that this TDX or SEV-SNP guest has not accepted yet,\n"
	      "through the module \"unaccepted\".\n\n", to);
	for (i = 0; i < COUNT(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("  help      this text, or: help COMMAND\n"
	      "  version   version of this tool and of the module\n\n"
	      "Each command has --help, with examples. Slow after boot? unacceptedctl doctor\n",
	      to);
	fputs(exit_help, to);
	return CTL_OK;
}

static int version(void)
{
	char module[32];

	printf("unacceptedctl %s\n", CTL_VERSION);
	if (!file_line(SYS "version", module, sizeof(module)))
		printf("module %s\n", module);
	else
		puts("module not loaded");
	return CTL_OK;
}

static const struct command *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < COUNT(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* Is there --help anywhere on the command line? Then only the help is printed. */
static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 2; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *command;
	char name[64];

	if (!strcmp(word, "version") || !strcmp(word, "--version") || !strcmp(word, "-V"))
		return version();
	if (!strcmp(word, "help") && argc > 2) {
		command = find(argv[2]);
		if (command)
			return command_help(command);
		word = argv[2];
	} else if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h")) {
		return help(stdout);
	}
	command = find(word);
	if (!command) {
		if (*word)
			fprintf(stderr, "unacceptedctl: unknown command '%s'\n", word);
		else
			fputs("unacceptedctl: no command given\n", stderr);
		fputs("Try 'unacceptedctl --help'.\n", stderr);
		return CTL_USAGE;
	}
	if (wants_help(argc, argv))
		return command_help(command);
	/* The name that getopt_long() prints in its errors. */
	snprintf(name, sizeof(name), "unacceptedctl %s", command->name);
	argv[1] = name;
	return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code = run(argc, argv);

	if (fflush(stdout) || ferror(stdout))
		return fail(CTL_FAILED, "cannot write: %s", strerror(errno));
	return code;
}
