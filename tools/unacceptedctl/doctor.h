/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The doctor's checks, and what they share.
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
 * struct doctor - what is known, and where findings go
 * @to: lines for people go there
 * @json: an open array of findings for programs; NULL for people
 * @width: of the lines; 0 for no limit
 * @found: how many of each kind
 * @loaded: is the module there?
 * @counted: does the kernel count what is unaccepted?
 * @unaccepted: what it says, bytes
 * @total: RAM, bytes
 * @cmdline: of the kernel
 * @log: of the kernel; NULL if we may not read it
 * @snapshot: of the module, if it is @loaded
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

/* checks_cost.c */
void check_stalls(struct doctor *doctor);
void check_share(struct doctor *doctor);
void check_watermarks(struct doctor *doctor);
void check_acceptor(struct doctor *doctor);
void check_errors(struct doctor *doctor);
void check_audit(struct doctor *doctor);
void check_verdict(struct doctor *doctor);

#endif
