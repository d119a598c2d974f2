// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's files in memory, as unacceptedctl sees them: those of a guest in which the
 * module works, some of which an input replaces.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool_files.h"

#define ROOT	"/fuzz"
#define SYS	"/sys/kernel/unaccepted/"
#define DBG	"/sys/kernel/debug/unaccepted/"
#define VIRTIO	"/sys/bus/virtio/devices/virtio3/"
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Descriptors of these files begin here. */
#define FIRST_FD	1000

/* Lengths in an input that mean something else. */
#define IS_MISSING	0xffff
#define IS_SECRET	0xfffe

/*
 * Sorted by directory. The number of a node is left out, so that there may be many. Those
 * without a directory are what readdir() finds in the module's, how the child of "accept"
 * ends, and what accept_progress says while it runs.
 */
static const struct {
	const char *path;
	const char *text;
} defaults[] = {
	{ "entries", "node0\nnode1\nversion\n" },
	{ "status", "" },
	{ "/dmesg", "[0] Command line: efi\n[1] efi: Unaccepted=0x7f00\n" },
	{ "/proc/cmdline", "root=UUID=1 a.pw=\"a b\" accept_memory=lazy -- x=1\n" },
	{ "/proc/cpuinfo", "flags\t\t: fpu vme tdx_guest\n" },
	{ "/proc/meminfo", "MemTotal: 8388608 kB\nUnaccepted: 3145728 kB\n" },
	{ "/proc/vmstat", "pgalloc_dma 5\npgalloc_normal 99995\npgfree 7\n" },
	{ "/proc/zoneinfo", "Node 0, zone   Normal\n  pages free     300000\n"
	  "        promo    7000\n      nr_unaccepted 262144\n" },
	{ VIRTIO "device", "0x0005\n" },
	{ VIRTIO "driver", "" },
	{ VIRTIO "features", "00000100\n" },
	{ "/sys/firmware/efi", "" },
	{ "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n" },
	{ "/sys/module/module/parameters/sig_enforce", "Y\n" },
	{ DBG "audit", "0 Normal list_blocks 3 counter_blocks 3 consistent\nconsistent\n" },
	{ DBG "latency", "node zone below_ns waits cause\n0 Normal 1048576 90 watermark\n" },
	{ DBG "map", "chunk_bytes 67108864\nnode 0 0x0 0x140000000\n0x0 ####----....\n"
	  "0x100000000 ++*?....\nnode 1 0x140000000 0x240000000\n0x140000000 ####....\n" },
	{ DBG "zones", "node zone unaccepted_bytes managed_bytes\n0 DMA 0 15728640\n"
	  "0 Normal 1073741824 2147483648\n" },
	{ SYS "accept_calls", "96\n" },
	{ SYS "accept_error", "9999999999.000002 -5 accept refused\n" },
	{ SYS "accept_failures", "1\n" },
	{ SYS "accept_max_ns", "31000000\n" },
	{ SYS "accept_progress", "4194304 8388608\n" },
	{ SYS "accept_total_ns", "960000000\n" },
	{ SYS "accepted_background_bytes", "1073741824\n" },
	{ SYS "accepted_fallback_bytes", "0\n" },
	{ SYS "accepted_isolation_bytes", "0\n" },
	{ SYS "accepted_other_bytes", "8388608\n" },
	{ SYS "accepted_user_bytes", "67108864\n" },
	{ SYS "accepted_watermark_bytes", "0\n" },
	{ SYS "binding", "hooks\n" },
	{ SYS "caps", "counters table accept acceptor pressure policy\n" },
	{ SYS "features", "scopes range progress poll params errors map recent audit\n" },
	{ SYS "reason", "the acceptor is at work\n" },
	{ SYS "state", "running\n" },
	{ SYS "unaccepted_bytes", "3221225472\n" },
	{ SYS "version", "0.1.0\n" },
	{ SYS "acceptor/bytes_per_second", "0\n" },
	{ SYS "acceptor/cpu_percent", "50\n" },
	{ SYS "acceptor/error", "none\n" },
	{ SYS "acceptor/floor_bytes", "0\n" },
	{ SYS "acceptor/headroom_bytes", "67108864\n" },
	{ SYS "acceptor/hits", "bytes_per_second 0\ncpu_percent 12\nfloor_bytes 0\n" },
	{ SYS "acceptor/mode", "ahead\n" },
	{ SYS "acceptor/params", "" },
	{ SYS "acceptor/pids", "77 78\n" },
	{ SYS "acceptor/state", "waiting throttled(cpu_percent)\n" },
	{ SYS "acceptor/threads_per_node", "1\n" },
	{ SYS "node/accepted_user_bytes", "67108864\n" },
	{ SYS "node/unaccepted_bytes", "1073741824\n" },
	{ SYS "node/DMA32/managed_bytes", "2147483648\n" },
	{ SYS "node/DMA32/unaccepted_bytes", "1073741824\n" },
	{ SYS "node/Normal/managed_bytes", "4294967296\n" },
	{ SYS "node/Normal/unaccepted_bytes", "1073741824\n" },
	{ SYS "policy/owner", "module\n" },
	{ "progress", "8388608 16777216\n" },
};

enum { ENTRIES, STATUS, PROGRESS = COUNT(defaults) - 1 };

/**
 * struct fake_file - one of them, as the input has it
 * @path_len: length of its path
 * @text: what it holds; not terminated
 * @size: bytes of @text
 * @at: how far it was read
 * @error: errno of opening it, or 0
 */
static struct fake_file {
	size_t path_len;
	const char *text;
	size_t size;
	size_t at;
	int error;
} files[COUNT(defaults)];

bool fake_tty;
struct winsize fake_winsize;

/* How often the parent of a child has looked. */
static unsigned int looks;

/* The number of the file, or -1; "node7" is "node". */
static int find(const char *path)
{
	const char *node = strstr(path, "/node");
	char plain[256];
	size_t len;

	if (strncmp(path, ROOT, strlen(ROOT)))
		return -1;
	path += strlen(ROOT);
	len = node ? node + strlen("/node") - path : strlen(path);
	snprintf(plain, sizeof(plain), "%.*s%s", (int)len, path,
		 node ? path + len + strspn(path + len, "-0123456789") : "");
	/* The length first: the fuzzer takes note of each comparison, which is slow. */
	len = strlen(plain);
	for (size_t i = 0; i < COUNT(defaults); i++)
		if (files[i].path_len == len && !memcmp(defaults[i].path, plain, len))
			return i;
	return -1;
}

/* Is this a directory: does the path of a file begin with it? */
static bool is_dir(const char *path)
{
	size_t len;

	if (strncmp(path, ROOT, strlen(ROOT)))
		return false;
	path += strlen(ROOT);
	len = strlen(path);
	while (len && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < COUNT(defaults); i++)
		if (!strncmp(defaults[i].path, path, len) && defaults[i].path[len] == '/' &&
		    files[i].error != ENOENT)
			return true;
	return false;
}

/**
 * files_reset - what the files hold unless an input says otherwise
 */
void files_reset(void)
{
	looks = 0;
	for (size_t i = 0; i < COUNT(defaults); i++)
		files[i] = (struct fake_file) {
			.path_len = strlen(defaults[i].path),
			.text = defaults[i].text,
			.size = strlen(defaults[i].text),
		};
}

/**
 * files_replace - let a file be as an input says
 * @data: the rest of the input: number of the file, two bytes with its length, its content
 * @size: bytes that are left of it
 *
 * Return: false at the end of the input.
 */
bool files_replace(const unsigned char **data, size_t *size)
{
	struct fake_file *file;
	size_t len;

	if (*size < 3)
		return false;
	file = &files[(*data)[0] % COUNT(files)];
	len = (*data)[1] | (*data)[2] << 8;
	*data += 3;
	*size -= 3;
	file->error = len == IS_MISSING ? ENOENT : len == IS_SECRET ? EACCES : 0;
	if (file->error)
		return true;
	if (len > *size)
		len = *size;
	file->text = (const char *)*data;
	file->size = len;
	*data += len;
	*size -= len;
	return true;
}

int fake_open(const char *path, int flags)
{
	int i = find(path);

	if (i < 0 || files[i].error) {
		errno = i < 0 ? ENOENT : files[i].error;
		return -1;
	}
	files[i].at = 0;
	return FIRST_FD + i;
}

/* In two pieces, because a kernel file may come in several. */
ssize_t fake_read(int fd, void *to, size_t size)
{
	struct fake_file *file = &files[fd - FIRST_FD];
	size_t rest;

	if (fd < FIRST_FD)
		return 0;
	rest = file->size - file->at;
	if (rest > 1)
		rest = (rest + 1) / 2;
	if (size > rest)
		size = rest;
	memcpy(to, file->text + file->at, size);
	file->at += size;
	return size;
}

ssize_t fake_pread(int fd, void *to, size_t size, off_t at)
{
	struct fake_file *file = &files[fd - FIRST_FD];

	if (size > file->size)
		size = file->size;
	memcpy(to, file->text, size);
	return size;
}

ssize_t fake_write(int fd, const void *from, size_t size)
{
	return size;
}

int fake_close(int fd)
{
	return 0;
}

int fake_access(const char *path, int mode)
{
	int i = find(path);

	return (i >= 0 && files[i].error != ENOENT) || is_dir(path) ? 0 : -1;
}

/* A position in the file "entries", whose lines are names. */
DIR *fake_opendir(const char *path)
{
	if (files[ENTRIES].error)
		return NULL;
	files[ENTRIES].at = 0;
	return (DIR *)&files[ENTRIES];
}

struct dirent *fake_readdir(DIR *dir)
{
	static struct dirent entry;
	struct fake_file *file = &files[ENTRIES];
	const char *name = file->text + file->at, *end;
	size_t rest = file->size - file->at, len;

	if (!rest)
		return NULL;
	end = memchr(name, '\n', rest);
	len = end ? (size_t)(end - name) : rest;
	file->at += len + !!end;
	snprintf(entry.d_name, sizeof(entry.d_name), "%.*s", (int)len, name);
	return &entry;
}

int fake_closedir(DIR *dir)
{
	return 0;
}

/* Lists what is directly in a directory. */
int fake_scandir(const char *path, struct dirent ***entries,
		 int (*filter)(const struct dirent *entry),
		 int (*compare)(const struct dirent **a, const struct dirent **b))
{
	struct dirent *last = NULL;
	size_t dir, len;
	int count = 0;

	if (!is_dir(path)) {
		errno = ENOENT;
		return -1;
	}
	path += strlen(ROOT);
	dir = strlen(path);
	*entries = calloc(COUNT(defaults), sizeof(**entries));
	for (size_t i = 0; i < COUNT(defaults); i++) {
		const char *name = defaults[i].path + dir + 1;

		if (strncmp(defaults[i].path, path, dir) || name[-1] != '/' ||
		    files[i].error == ENOENT)
			continue;
		len = strcspn(name, "/");
		if (last && strlen(last->d_name) == len && !strncmp(last->d_name, name, len))
			continue;
		last = calloc(1, sizeof(*last));
		snprintf(last->d_name, sizeof(last->d_name), "%.*s", (int)len, name);
		(*entries)[count++] = last;
	}
	return count;
}

int fake_lstat(const char *path, struct stat *st)
{
	int i = find(path);

	st->st_mode = is_dir(path) ? S_IFDIR | 0755 : S_IFREG | 0644;
	return i >= 0 || is_dir(path) ? 0 : -1;
}

int fake_isatty(int fd)
{
	return fake_tty;
}

int fake_ioctl(int fd, unsigned long what, struct winsize *size)
{
	*size = fake_winsize;
	return fake_tty ? 0 : -1;
}

int fake_tcgetattr(int fd, struct termios *to)
{
	return 0;
}

int fake_tcsetattr(int fd, int when, const struct termios *from)
{
	return 0;
}

/* The child does not run: it only writes. */
pid_t fake_fork(void)
{
	struct fake_file *file = &files[find(ROOT SYS "accept_progress")];

	file->text = files[PROGRESS].text;
	file->size = files[PROGRESS].size;
	file->error = files[PROGRESS].error;
	return 1;
}

/* It ends after the first look, with the first byte of "status" as its status. */
pid_t fake_waitpid(pid_t pid, int *status, int flags)
{
	if (!looks++)
		return 0;
	*status = files[STATUS].size ? (unsigned char)files[STATUS].text[0] << 8 : 0;
	return 1;
}

/* The fuzzer has handlers of its own, and no time to wait. */
int fake_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return 0;
}

int fake_sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	return 0;
}

int fake_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
	       const sigset_t *set)
{
	return 0;
}
