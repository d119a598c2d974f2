// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing the files of the module and of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "ctl.h"

/* Arguments of klogctl(), which no header of libc defines. */
#define SYSLOG_ACTION_READ_ALL		3
#define SYSLOG_ACTION_SIZE_BUFFER	10

/**
 * file_root - the directory in which tests put files that replace the kernel's
 *
 * Return: the directory; "" outside of tests.
 */
const char *file_root(void)
{
	const char *root = getenv("UNACCEPTEDCTL_ROOT");

	return root ? root : "";
}

static int full_path(char *to, const char *path)
{
	int len = snprintf(to, PATH_MAX, "%s%s", file_root(), path);

	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/**
 * file_open - open a file of the kernel
 * @path: where it is, from the root
 * @flags: as for open()
 *
 * Return: a descriptor or -errno.
 */
int file_open(const char *path, int flags)
{
	char full[PATH_MAX];
	int fd = full_path(full, path);

	if (fd)
		return fd;
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * file_exists - is there such a file or directory?
 * @path: where it is, from the root
 *
 * Return: true if so. False also if a directory above it may not be searched.
 */
bool file_exists(const char *path)
{
	char full[PATH_MAX];

	return !full_path(full, path) && !access(full, F_OK);
}

/* All that can be read from @fd, terminated; NULL and *error if it fails. */
static char *load(int fd, int *error)
{
	size_t size = 4096, len = 0;
	char *text = NULL, *more;
	ssize_t got;

	do {
		size *= 2;
		more = realloc(text, size);
		if (!more) {
			*error = -ENOMEM;
			goto err_text;
		}
		text = more;
		while (len < size - 1) {
			got = read(fd, text + len, size - 1 - len);
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0) {
				*error = -errno;
				goto err_text;
			}
			if (!got)
				break;
			len += got;
		}
	} while (len == size - 1);

	text[len] = '\0';
	*error = 0;
	return text;

err_text:
	free(text);
	return NULL;
}

/**
 * file_load - read a whole file
 * @path: where it is, from the root
 * @error: 0 or -errno
 *
 * Return: its text, to be freed; NULL if there is an error.
 */
char *file_load(const char *path, int *error)
{
	int fd = file_open(path, O_RDONLY);
	char *text;

	if (fd < 0) {
		*error = fd;
		return NULL;
	}
	text = load(fd, error);
	close(fd);
	return text;
}

/**
 * file_line - read the first line of a file
 * @path: where it is, from the root
 * @to: the line; empty after an error
 * @size: size of @to; a longer line is cut
 *
 * Return: 0 or -errno.
 */
int file_line(const char *path, char *to, size_t size)
{
	int error;
	char *text = file_load(path, &error);

	to[0] = '\0';
	if (!text)
		return error;
	snprintf(to, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return 0;
}

/**
 * file_write - write a file by a single write(2), as sysfs requires
 * @path: where it is, from the root
 * @text: what to write
 *
 * Return: 0 or -errno.
 */
int file_write(const char *path, const char *text)
{
	int fd = file_open(path, O_WRONLY | O_TRUNC);
	int error = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

/**
 * sys_number - read a number from a file of the module
 * @to: the number; 0 after an error
 * @format: the path below the module's directory
 *
 * Return: 0 or -errno.
 */
int sys_number(uint64_t *to, const char *format, ...)
{
	char path[PATH_MAX] = SYS, line[64], *end;
	size_t used = strlen(path);
	va_list args;
	int error;

	*to = 0;
	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - used, format, args);
	va_end(args);

	error = file_line(path, line, sizeof(line));
	if (error)
		return error;
	*to = strtoull(line, &end, 10);
	return *end || end == line ? -EINVAL : 0;
}

/**
 * sys_word - is a word among those of a file of the module?
 * @name: "caps", "features" or "state"
 * @word: what to look for
 *
 * Return: true if so; false if there is no such file.
 */
bool sys_word(const char *name, const char *word)
{
	char path[64], line[256], *rest = line, *one;

	snprintf(path, sizeof(path), SYS "%s", name);
	if (file_line(path, line, sizeof(line)))
		return false;
	while ((one = strsep(&rest, " ")))
		if (!strcmp(one, word))
			return true;
	return false;
}

/**
 * kernel_log - read the kernel's log
 * @error: 0 or -errno; -EPERM without the right to read it
 *
 * Return: the text, to be freed, or NULL.
 */
char *kernel_log(int *error)
{
	char *text;
	int size;

	if (*file_root())
		return file_load("/dmesg", error);

	size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	if (size < 0)
		goto err_klog;
	text = malloc(size + 1);
	if (!text) {
		*error = -ENOMEM;
		return NULL;
	}
	size = klogctl(SYSLOG_ACTION_READ_ALL, text, size);
	if (size < 0) {
		free(text);
		goto err_klog;
	}
	text[size] = '\0';
	*error = 0;
	return text;

err_klog:
	*error = -errno;
	return NULL;
}

/* Cut a line into words; returns how many. */
static unsigned int cut(char *line, char **cells, unsigned int most)
{
	unsigned int count = 0;
	char *cell;

	while ((cell = strsep(&line, " \t")))
		if (*cell && count < most)
			cells[count++] = cell;
	return count;
}

/**
 * table_open - read a file and the names of its columns
 * @table: to be filled
 * @path: where it is, from the root
 *
 * Return: 0 or -errno.
 */
int table_open(struct table *table, const char *path)
{
	int error;

	table->start = file_load(path, &error);
	if (!table->start)
		return error;
	table->text = table->start;
	table->columns = cut(strsep(&table->text, "\n"), table->head, COUNT(table->head));
	return 0;
}

/**
 * table_next - go to the next line
 * @table: from table_open()
 *
 * Return: false after the last one.
 */
bool table_next(struct table *table)
{
	char *line = strsep(&table->text, "\n");

	if (!line || !*line)
		return false;
	/* A line with fewer words must not show those of the line before. */
	memset(table->cells, 0, sizeof(table->cells));
	cut(line, table->cells, table->columns);
	return true;
}

/**
 * table_cell - a word of the current line
 * @table: from table_open()
 * @name: of its column
 *
 * Return: the word; "" if there is no such column.
 */
const char *table_cell(const struct table *table, const char *name)
{
	unsigned int i;

	for (i = 0; i < table->columns; i++)
		if (!strcmp(table->head[i], name) && table->cells[i])
			return table->cells[i];
	return "";
}

/**
 * table_close - free the table and all of its words
 * @table: from table_open()
 */
void table_close(struct table *table)
{
	free(table->start);
}
