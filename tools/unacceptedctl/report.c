// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl report: all that a bug report needs, in one file.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "ctl.h"

/* Files of the kernel that are copied as a whole. */
static const char * const whole[] = {
	"/proc/meminfo", "/proc/vmstat", "/proc/buddyinfo", "/proc/zoneinfo",
	"/proc/pressure/memory", "/sys/kernel/security/lockdown",
	"/sys/module/module/parameters/sig_enforce", "/sys/module/unaccepted/version",
	"/sys/module/unaccepted/parameters/binding", "/sys/module/unaccepted/parameters/policy",
	"/sys/devices/system/node/online",
};

/* Parameters of the kernel whose values are useful and cannot be private. */
static const char * const harmless[] = {
	"accept_memory", "unaccepted", "mem", "memmap", "memtest", "numa", "numa_balancing",
	"movablecore", "kernelcore", "movable_node", "hugepages", "hugepagesz",
	"default_hugepagesz", "hugetlb_cma", "cma", "crashkernel", "lockdown", "module",
	"mitigations", "retbleed", "init_on_alloc", "init_on_free", "page_poison",
	"transparent_hugepage", "page_reporting", "maxcpus", "nr_cpus", "isolcpus", "efi",
	"add_efi_memmap", "kho", "loglevel", "panic",
};

/* Lines of the log that contain one of these are copied. */
static const char * const telling[] = {
	"unaccepted", "accept", "tdx", "sev", "snp", "efi:", "memory encryption", "page alloc",
	"out of memory", "lockdown", "linux version",
};

static void heading(FILE *to, const char *what)
{
	fprintf(to, "\n==== %s\n", what);
}

static void add_text(FILE *to, const char *text)
{
	size_t len = strlen(text);

	fputs(text, to);
	if (len && text[len - 1] != '\n')
		putc('\n', to);
}

static void add_file(FILE *to, const char *path)
{
	int error;
	char *text = file_load(path, &error);

	if (!text && error == -ENOENT)
		return;
	heading(to, path);
	if (text)
		add_text(to, text);
	else
		fprintf(to, "(%s)\n", strerror(-error));
	free(text);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Copies all readable files below a directory. */
static void add_tree(FILE *to, const char *path)
{
	struct dirent **entries;
	char full[PATH_MAX];
	struct stat st;
	int count, i;

	snprintf(full, sizeof(full), "%s%s", file_root(), path);
	count = scandir(full, &entries, visible, by_name);
	if (count < 0) {
		heading(to, path);
		fprintf(to, "(%s)\n", strerror(errno));
		return;
	}
	for (i = 0; i < count; i++) {
		char below[PATH_MAX];

		snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
		snprintf(full, sizeof(full), "%s%s", file_root(), below);
		if (!lstat(full, &st) && S_ISDIR(st.st_mode))
			add_tree(to, below);
		else if (!lstat(full, &st) && st.st_mode & 0444)
			add_file(to, below);
		free(entries[i]);
	}
	free(entries);
}

static bool is_harmless(const char *word, size_t len)
{
	unsigned int i;
	size_t known;

	for (i = 0; i < COUNT(harmless); i++) {
		known = strlen(harmless[i]);
		if (len >= known && !strncmp(word, harmless[i], known) &&
		    (len == known || word[known] == '.'))
			return true;
	}
	return false;
}

/*
 * Prints the names of all parameters, but only values of harmless ones: others may
 * be passwords.
 */
static void add_cmdline(FILE *to)
{
	int error;
	char *text = file_load("/proc/cmdline", &error), *at = text;

	heading(to, "/proc/cmdline (values that may be private are left out)");
	while (at && *at) {
		size_t name, len = 0;
		bool quoted = false;

		/* All that isspace() ends a word at, or the loop would not get past it. */
		at += strspn(at, " \t\n\v\f\r");
		while (at[len] && (quoted || !isspace(at[len])))
			quoted ^= at[len++] == '"';
		/* What follows is for the first process. */
		if (len == 2 && !strncmp(at, "--", 2))
			break;
		name = strcspn(at, "\n= \"");
		if (name < len && is_harmless(at, name))
			name = len;
		if (len)
			fprintf(to, "%.*s%s\n", (int)(name < len ? name : len), at,
				name < len ? "=(left out)" : "");
		at += len;
	}
	free(text);
}

static bool is_telling(const char *line)
{
	unsigned int i;

	if (strcasestr(line, "command line"))
		return false;
	for (i = 0; i < COUNT(telling); i++)
		if (strcasestr(line, telling[i]))
			return true;
	return false;
}

static void add_log(FILE *to)
{
	int error;
	char *text = kernel_log(&error), *rest = text, *line;

	heading(to, "kernel log (lines about memory acceptance and the platform)");
	if (!text)
		fprintf(to, "(%s)\n", strerror(-error));
	while ((line = strsep(&rest, "\n")))
		if (is_telling(line))
			fprintf(to, "%s\n", line);
	free(text);
}

static void add_system(FILE *to)
{
	time_t now = time(NULL);
	struct utsname name;
	char date[32];
	unsigned int i;

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime(&now));
	uname(&name);
	fprintf(to, "unacceptedctl report of %s\n%s %s %s %s\n", date, name.sysname,
		name.release, name.version, name.machine);
	add_cmdline(to);
	for (i = 0; i < COUNT(whole); i++)
		add_file(to, whole[i]);
	add_log(to);
}

static int write_report(const char *path)
{
	FILE *to = strcmp(path, "-") ? fopen(path, "w") : stdout;
	bool broken;

	if (!to)
		return fail(errno == EACCES ? CTL_PERMISSION : CTL_FAILED, "%s: %s", path,
			    strerror(errno));
	add_system(to);
	heading(to, "unacceptedctl doctor");
	doctor_print(to, 0);
	add_tree(to, "/sys/kernel/unaccepted");
	add_tree(to, "/sys/kernel/debug/unaccepted");

	broken = ferror(to);
	broken |= to == stdout ? fflush(to) : fclose(to);
	if (broken)
		return fail(CTL_FAILED, "%s: %s", path, strerror(errno));
	if (to != stdout)
		printf("%s\nPlease read it before you send it: it holds names of processes.\n",
		       path);
	return CTL_OK;
}

static int report_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ }
	};
	time_t now = time(NULL);
	char name[64];
	const char *path = name;
	int option;

	strftime(name, sizeof(name), "unaccepted-report-%Y%m%d-%H%M%S.txt", localtime(&now));
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) >= 0) {
		if (option != 'o')
			return command_usage(&cmd_report, NULL);
		path = optarg;
	}
	if (optind < argc)
		return command_usage(&cmd_report, "unexpected argument '%s'", argv[optind]);
	return write_report(path);
}

const struct command cmd_report = {
	.name = "report",
	.summary = "collect all that a bug report needs, in one file",
	.run = report_run,
	.help =
		"usage: unacceptedctl report [--output FILE]\n\n"
		"Writes a text file with all files of the module, the doctor's findings, the kernel's\n"
		"memory counters, and what its log has of memory acceptance, TDX, SEV and EFI. Of the\n"
		"kernel's command line it has all names, but only values that cannot be private. Changes nothing.\n"
		"Works without the module, too; as root it sees more.\n\n"
		"  -o, --output FILE   where to write; - for standard output (unaccepted-report-DATE.txt)\n\n"
		"examples:\n"
		"  unacceptedctl report\n"
		"  unacceptedctl report --output - | less\n",
};
