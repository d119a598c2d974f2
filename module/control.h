/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by control*.c, the only source files that create files in sysfs and debugfs.
 */
#ifndef _UNACCEPTED_CONTROL_H
#define _UNACCEPTED_CONTROL_H

#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "names.h"
#include "state.h"
#include "stats.h"

struct dentry;

/* control.c */
int ua_control_init(void);
void ua_control_exit(void);

/* control_status.c */
enum ua_status ua_control_status(u64 unaccepted);
int ua_control_emit_reason(char *buf);

/* control_common.c */
bool ua_control_has_table(void);
int ua_control_may_accept(void);
int ua_control_copy(char *to, size_t size, const char *buf, size_t count);
int ua_control_parse_uint(const char *s, unsigned int *value);
int ua_control_parse_bytes(char *s, u64 *bytes);
int ua_control_parse_address(char *s, u64 *bytes);
int ua_control_emit_error(char *buf, const struct ua_error *error);

/* control_accept.c */
#define UA_INPUT_MAX	64	/* longer input cannot be valid */
void ua_control_accept_init(void);
ssize_t ua_control_accept(const struct ua_scope *scope, const char *buf, size_t count);
extern const struct attribute_group ua_control_accept_group;

/* control_scope.c */
struct kobject *ua_control_scopes_init(void);
void ua_control_scopes_exit(void);

/* control_watch.c */
void ua_watch_open(struct kobject *kobj);
void ua_watch_close(void);
void ua_watch_reading(void);

/* control_acceptor.c */
int ua_control_set_acceptor(const char *name, const char *value);
extern const struct attribute_group ua_control_acceptor_group;

/* control_policy.c */
extern const struct attribute_group ua_control_policy_group;

/* control_debugfs.c */
void ua_debugfs_init(void);
void ua_debugfs_exit(void);

/* control_map.c */
extern const struct attribute_group ua_control_map_group;
void ua_control_map_init(void);
void ua_debugfs_map_init(struct dentry *dir);

#endif /* _UNACCEPTED_CONTROL_H */
