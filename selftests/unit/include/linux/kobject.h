/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_KOBJECT_H
#define _UNIT_LINUX_KOBJECT_H

#include <linux/types.h>

struct kobject;

struct attribute {
	const char *name;
	unsigned short mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;
};

struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			 size_t count);
};

#define __ATTR_RO(_name)	{ { #_name, 0444 }, _name##_show, NULL }
#define __ATTR_RW(_name)	{ { #_name, 0644 }, _name##_show, _name##_store }
#define __ATTR_RW_MODE(_name, _mode)	{ { #_name, _mode }, _name##_show, _name##_store }

#endif /* _UNIT_LINUX_KOBJECT_H */
