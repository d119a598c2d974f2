/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unacceptedctl: what its files share. It uses only libc, because it must run in a
 * guest that has nothing else.
 *
 *   main.c ─► one file per command: status watch accept acceptor map wait doctor report
 *   snapshot.c reads the module's files into one struct ─► files.c
 *   text.c, json.c, image.c turn numbers into what people and programs read
 */
#ifndef CTL_H
#define CTL_H

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SYS		"/sys/kernel/unaccepted/"
#define DBG		"/sys/kernel/debug/unaccepted/"
#define BLOCK		(4ULL << 20)
#define SECOND		1000000000ULL
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * enum ctl_exit - exit status, for scripts; listed in --help and in the man page
 * @CTL_OK: done
 * @CTL_FAILED: not done, or not reached
 * @CTL_USAGE: the command line is wrong; nothing was done
 * @CTL_NO_MODULE: the module is not loaded
 * @CTL_UNSUPPORTED: not possible on this machine, kernel or version of the module
 * @CTL_PERMISSION: only root may
 * @CTL_TIMEOUT: "wait" ran out of time, as with timeout(1)
 * @CTL_INTERRUPTED: ended by SIGINT; for other signals 128 plus their number
 */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NO_MODULE = 3,
	CTL_UNSUPPORTED = 4,
	CTL_PERMISSION = 5,
	CTL_TIMEOUT = 124,
	CTL_INTERRUPTED = 130,
};

/**
 * struct command - a command of unacceptedctl
 * @name: its name on the command line
 * @summary: its line in the list of commands
 * @help: text of --help
 * @run: carries it out; argv[0] is "unacceptedctl NAME"
 */
struct command {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv);
};

extern const struct command cmd_status, cmd_watch, cmd_accept, cmd_acceptor;
extern const struct command cmd_map, cmd_wait, cmd_doctor, cmd_report;

/* main.c */
int command_usage(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
int need_module(void);
int fail_errno(int error, const char *file);

/* files.c */
const char *file_root(void);
int file_open(const char *path, int flags);
bool file_exists(const char *path);
char *file_load(const char *path, int *error);
int file_line(const char *path, char *to, size_t size);
int file_write(const char *path, const char *text);
int sys_number(uint64_t *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool sys_word(const char *name, const char *word);
char *kernel_log(int *error);

/**
 * struct table - a debugfs table under a line that names its columns
 * @start: the file's text, to be freed
 * @text: the rest of it, cut into lines by table_next()
 * @head: names of the columns
 * @cells: words of the current line
 * @columns: number of columns
 */
struct table {
	char *start;
	char *text;
	char *head[32];
	char *cells[32];
	unsigned int columns;
};

int table_open(struct table *table, const char *path);
bool table_next(struct table *table);
const char *table_cell(const struct table *table, const char *name);
void table_close(struct table *table);

/* text.c: no files, no clock */
enum amount_kind { AMOUNT_BYTES, AMOUNT_PERCENT, AMOUNT_ALL };

/**
 * struct amount - how much to accept
 * @kind: bytes, percent or all
 * @value: bytes or percent
 */
struct amount {
	enum amount_kind kind;
	uint64_t value;
};

int parse_size(const char *text, uint64_t *bytes);
int parse_amount(const char *text, struct amount *amount);
int parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *value);
int parse_seconds(const char *text, uint64_t *ns);
int parse_range(const char *text, uint64_t *start, uint64_t *end);
uint64_t scale(uint64_t value, uint64_t by, uint64_t of);
uint64_t amount_bytes(const struct amount *amount, uint64_t unaccepted);
const char *size_text(uint64_t bytes);
const char *time_text(uint64_t ns);
const char *duration_text(uint64_t seconds);
const char *bar_text(unsigned int width, uint64_t done, uint64_t all);
const char *spark_text(const uint64_t *values, unsigned int count, bool utf8);
unsigned int percent_of(uint64_t part, uint64_t all);
uint64_t percentile(const uint64_t *buckets, unsigned int count, unsigned int permille);
void wrap(FILE *to, const char *label, unsigned int indent, unsigned int width, const char *text);

/* json.c */

/**
 * struct json - a JSON document that is being written
 * @to: the output
 * @depth: number of objects and arrays that are open
 * @filled: for each depth: has the open object or array a member already?
 */
struct json {
	FILE *to;
	unsigned int depth;
	bool filled[8];
};

void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_words(struct json *json, const char *key, const char *words);

/* snapshot.c */
#define MAX_ZONES	256
#define NR_BUCKETS	65

enum cause {
	CAUSE_USER,
	CAUSE_BACKGROUND,
	CAUSE_WATERMARK,
	CAUSE_FALLBACK,
	CAUSE_ISOLATION,
	CAUSE_OTHER,
	NR_CAUSES
};

extern const char * const cause_names[NR_CAUSES];

/**
 * struct zone_info - a zone, or a node with an empty @name
 * @node: its number; -1 for a sum of several
 * @name: the kernel's name of the zone
 * @unaccepted: bytes unaccepted
 * @managed: bytes of RAM, unaccepted or not
 */
struct zone_info {
	int node;
	char name[16];
	uint64_t unaccepted;
	uint64_t managed;
};

/**
 * struct stalls - allocations that waited for acceptance
 * @error: negative errno if the waits could not be read, 0 otherwise
 * @measured: the module sees allocations wait: it decides what they accept, or waits were counted
 * @bucket: bucket n counts waits below 2^n ns and not below half of that
 * @waits: number of all waits
 */
struct stalls {
	int error;
	bool measured;
	uint64_t bucket[NR_BUCKETS];
	uint64_t waits;
};

/**
 * struct acceptor_info - the background threads
 * @known: the module has files for them
 * @mode: content of acceptor/mode
 * @state: what the threads do, separated by spaces
 * @pids: process ids of the threads
 * @error: acceptor/error; empty if there is no such file
 * @bytes_per_second: acceptor/bytes_per_second; 0 for no limit
 * @headroom: acceptor/headroom_bytes
 * @floor: acceptor/floor_bytes
 * @cpu: acceptor/cpu_percent
 * @threads: acceptor/threads_per_node
 * @hits: "NAME COUNT" of each limit that held a thread back, separated by commas
 */
struct acceptor_info {
	bool known;
	char mode[16];
	char state[1024];
	char pids[1024];
	char error[256];
	uint64_t bytes_per_second;
	uint64_t headroom;
	uint64_t floor;
	uint64_t cpu;
	uint64_t threads;
	char hits[256];
};

/**
 * struct snapshot - all numbers, read one after the other
 * @state: content of the file "state"; likewise the other texts
 * @accepted: bytes, by cause
 * @zones: as far as they can be read
 * @nr_zones: number of @zones; 0 if they cannot be read
 * @calls: value of the file "accept_calls"; likewise the other numbers
 */
struct snapshot {
	char version[32];
	char binding[32];
	char caps[128];
	char features[256];
	char state[32];
	char reason[256];
	char owner[16];
	char error[256];
	uint64_t unaccepted;
	uint64_t accepted[NR_CAUSES];
	struct zone_info zones[MAX_ZONES];
	unsigned int nr_zones;
	uint64_t calls;
	uint64_t total_ns;
	uint64_t max_ns;
	uint64_t failures;
	struct stalls stalls;
	struct acceptor_info acceptor;
};

void snapshot_take(struct snapshot *snapshot);
void acceptor_take(struct acceptor_info *info);
void stalls_take(struct stalls *stalls, const char *owner);

/* status.c, acceptor.c: also for watch and doctor */
void status_print(FILE *to, const struct snapshot *snapshot, unsigned int width,
		  unsigned int rows);
void acceptor_print(FILE *to, const struct acceptor_info *info, unsigned int width);
void acceptor_json(struct json *json, const struct acceptor_info *info);

/* image.c */
enum shade {
	SHADE_ACCEPTED,
	SHADE_UNACCEPTED,
	SHADE_PARTLY,
	SHADE_FLIGHT,
	SHADE_HOLE,
	SHADE_UNKNOWN,
	SHADE_PAPER,
	SHADE_INK,
	NR_SHADES
};

/**
 * struct canvas - a picture that is being drawn
 * @to: the file
 */
struct canvas {
	FILE *to;
};

int canvas_open(struct canvas *canvas, const char *path, unsigned int width,
		unsigned int height);
void canvas_rect(struct canvas *canvas, unsigned int x, unsigned int y, unsigned int width,
		 unsigned int height, enum shade shade);
void canvas_text(struct canvas *canvas, unsigned int x, unsigned int y, const char *text);
int canvas_close(struct canvas *canvas);

/* doctor.c: also for report */
bool doctor_print(FILE *to, unsigned int width);

/* term.c */
uint64_t now_ns(void);
unsigned int term_columns(int fd);
unsigned int term_rows(int fd);
bool term_colours(int fd);
bool term_utf8(void);
bool term_enter(void);
void term_leave(void);
void signals_catch(void);
void signals_release(void);
int signals_seen(void);
bool signals_resized(void);
int signals_poll(struct pollfd *fds, unsigned int count, uint64_t timeout_ns);

#endif
