/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checks of "doctor", and what they share.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl.h"

enum finding {
	FOUND_OK,
	FOUND_INFO,
	FOUND_WARN,
	FOUND_FAIL,
	NR_FOUND
};

/**
 * struct doctor - what is known, and the output
 * @to: output for text
 * @json: output for JSON, an open array of findings; NULL for text
 * @width: longest line, in columns; 0 for no limit
 * @found: number of findings of each kind
 * @loaded: the module is loaded
 * @counted: the kernel counts unaccepted memory
 * @unaccepted: unaccepted memory by that count, bytes
 * @total: RAM, bytes
 * @cmdline: command line of the kernel
 * @log: log of the kernel; NULL if it may not be read
 * @snapshot: the module's files, if it is @loaded
 */
struct doctor {
	FILE *to;
	struct json *json;
	unsigned int width;
	unsigned int found[NR_FOUND];
	bool loaded;
	bool counted;
	uint64_t unaccepted;
	uint64_t total;
	char cmdline[4096];
	char *log;
	struct snapshot snapshot;
};

void doctor_say(struct doctor *doctor, enum finding finding, const char *name,
		const char *advice, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* checks.c */
void check_guest(struct doctor *doctor);
void check_kernel(struct doctor *doctor);
void check_eager(struct doctor *doctor);
void check_table(struct doctor *doctor);
void check_lockdown(struct doctor *doctor);
void check_module(struct doctor *doctor);
void check_binding(struct doctor *doctor);
void check_pressure(struct doctor *doctor);
void check_reporting(struct doctor *doctor);

/* checks_cost.c */
void check_stalls(struct doctor *doctor);
void check_share(struct doctor *doctor);
void check_watermarks(struct doctor *doctor);
void check_acceptor(struct doctor *doctor);
void check_errors(struct doctor *doctor);
void check_audit(struct doctor *doctor);
void check_verdict(struct doctor *doctor);

#endif
