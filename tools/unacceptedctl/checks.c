// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of "doctor": the machine, the kernel, and whether the module can do its
 * work there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "doctor.h"

/* How far virtio devices are looked for; a feature of the balloon (virtio 1.2, 5.5.3). */
#define VIRTIO			"/sys/bus/virtio/devices/virtio"
#define VIRTIO_DEVICES		64
#define BALLOON_F_REPORTING	5

static bool file_has(const char *path, const char *text)
{
	int error;
	char *all = file_load(path, &error);
	bool has = all && strstr(all, text);

	free(all);
	return has;
}

static bool log_has(const struct doctor *doctor, const char *text)
{
	return doctor->log && strstr(doctor->log, text);
}

/* An SNP host names SEV-SNP in its log, too, but not in this line. */
static bool log_has_snp(const struct doctor *doctor)
{
	const char *line = doctor->log ?
			   strstr(doctor->log, "Memory Encryption Features active:") : NULL;

	return line && memmem(line, strcspn(line, "\n"), "SEV-SNP", 7);
}

/**
 * check_guest - is this a machine that can have unaccepted memory?
 * @doctor: what is known, and the output
 */
void check_guest(struct doctor *doctor)
{
	if (file_has("/proc/cpuinfo", " tdx_guest"))
		doctor_say(doctor, FOUND_OK, "guest", NULL, "this is a TDX guest");
	/* Linux clears the flags of SEV in cpuinfo, but has a device for requests. */
	else if (file_exists("/sys/bus/platform/devices/sev-guest") || log_has_snp(doctor))
		doctor_say(doctor, FOUND_OK, "guest", NULL, "this is a SEV-SNP guest");
	else
		doctor_say(doctor, FOUND_INFO, "guest", NULL,
			   "no sign of a TDX or SEV-SNP guest; other machines have no unaccepted memory");
}

/* For a kernel whose /proc/meminfo has no line "Unaccepted:". */
static void check_config(struct doctor *doctor)
{
	static const char option[] = "CONFIG_UNACCEPTED_MEMORY";
	static const char advice[] = "-> boot a kernel with CONFIG_UNACCEPTED_MEMORY=y";
	struct utsname name;
	char path[128];

	uname(&name);
	snprintf(path, sizeof(path), "/boot/config-%s", name.release);
	if (file_has(path, "CONFIG_UNACCEPTED_MEMORY=y"))
		doctor_say(doctor, FOUND_WARN, "kernel", NULL,
			   "%s is set in %s, but /proc/meminfo does not count unaccepted memory: the file is that of another kernel",
			   option, path);
	else if (file_exists(path))
		doctor_say(doctor, FOUND_WARN, "kernel", advice,
			   "%s is not set in %s: this kernel leaves nothing unaccepted, so the firmware accepted everything before",
			   option, path);
	else if (file_exists("/proc/config.gz"))
		doctor_say(doctor, FOUND_WARN, "kernel",
			   "-> zcat /proc/config.gz | grep UNACCEPTED",
			   "it does not count unaccepted memory; probably built without %s",
			   option);
	else
		doctor_say(doctor, FOUND_WARN, "kernel", advice,
			   "it does not count unaccepted memory; probably built without %s",
			   option);
}

/**
 * check_kernel - can this kernel leave memory unaccepted, and how much is?
 * @doctor: what is known, and the output
 */
void check_kernel(struct doctor *doctor)
{
	if (!doctor->counted)
		check_config(doctor);
	else
		doctor_say(doctor, FOUND_OK, "kernel", NULL,
			   "it can leave memory unaccepted; now %s of %s (%u %%)",
			   size_text(doctor->unaccepted), size_text(doctor->total),
			   doctor->total ? percent_of(doctor->unaccepted, doctor->total) : 0);
}

/**
 * check_eager - was the kernel told to accept everything at boot?
 * @doctor: what is known, and the output
 */
void check_eager(struct doctor *doctor)
{
	if (strstr(doctor->cmdline, "accept_memory=eager"))
		doctor_say(doctor, FOUND_WARN, "command line",
			   "-> without accept_memory=eager the guest boots sooner",
			   "accept_memory=eager: the kernel has accepted everything while booting");
}

static void check_table_unloaded(struct doctor *doctor)
{
	if (log_has(doctor, "Unaccepted=0x"))
		doctor_say(doctor, FOUND_OK, "table", NULL,
			   "the firmware has passed a table of unaccepted memory");
	else if (!file_exists("/sys/firmware/efi"))
		doctor_say(doctor, FOUND_INFO, "table", NULL,
			   "no EFI firmware, so no table of unaccepted memory");
	else if (doctor->counted && doctor->unaccepted)
		doctor_say(doctor, FOUND_OK, "table", NULL,
			   "there must be one, because memory is unaccepted");
	else if (doctor->log)
		doctor_say(doctor, FOUND_INFO, "table", NULL,
			   "the kernel's log mentions none: the firmware has accepted everything");
	else
		doctor_say(doctor, FOUND_INFO, "table", "-> as root",
			   "cannot tell: the kernel's log is not readable");
}

/**
 * check_table - has the firmware passed a table, and did it pass all checks?
 * @doctor: what is known, and the output
 */
void check_table(struct doctor *doctor)
{
	const struct snapshot *snapshot = &doctor->snapshot;

	if (!doctor->loaded)
		check_table_unloaded(doctor);
	else if (strcmp(snapshot->state, "absent"))
		doctor_say(doctor, FOUND_OK, "table", NULL,
			   "the firmware's table of unaccepted memory was found and passed all checks");
	else if (strncmp(snapshot->reason, "table refused", 13))
		doctor_say(doctor, FOUND_INFO, "table", NULL,
			   "%s: it has accepted everything, and there is nothing to do",
			   snapshot->reason);
	else
		doctor_say(doctor, FOUND_FAIL, "table",
			   "-> the firmware is at fault: send \"unacceptedctl report\" to its maker",
			   "%s", snapshot->reason);
}

/* For a kernel that only loads signed modules, while this one is not loaded. */
static void say_signed_only(struct doctor *doctor, const char *restriction)
{
	if (log_has(doctor, "module with unavailable key is rejected"))
		doctor_say(doctor, FOUND_WARN, "lockdown",
			   "-> enroll its certificate; that of DKMS: mokutil --import /var/lib/dkms/mok.pub",
			   "%s: a module was refused: it is signed with a key that the machine does not trust",
			   restriction);
	else
		doctor_say(doctor, FOUND_WARN, "lockdown",
			   "-> sign unaccepted.ko with a key that the machine trusts",
			   "%s: an unsigned module cannot be loaded", restriction);
}

/**
 * check_lockdown - does lockdown restrict modules or debugfs?
 * @doctor: what is known, and the output
 */
void check_lockdown(struct doctor *doctor)
{
	char line[128], restriction[64], *mode = NULL, answer[8] = "";
	bool locked, signs;

	file_line("/sys/module/module/parameters/sig_enforce", answer, sizeof(answer));
	signs = *answer == 'Y';
	if (!file_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		mode = strchr(line, '[');
	if (mode)
		*strchrnul(++mode, ']') = '\0';
	locked = mode && strcmp(mode, "none");
	snprintf(restriction, sizeof(restriction), "%s%s", mode ? mode : "not known here",
		 signs ? ", module.sig_enforce" : "");
	if ((locked || signs) && !doctor->loaded)
		say_signed_only(doctor, restriction);
	else if (!mode)
		doctor_say(doctor, FOUND_INFO, "lockdown", NULL,
			   "not known here (needs securityfs and root)%s",
			   signs ? "; modules must be signed" : "");
	else if (locked)
		doctor_say(doctor, FOUND_OK, "lockdown", NULL,
			   "%s: debugfs can at most be read; all control is in sysfs and works",
			   mode);
	else
		doctor_say(doctor, FOUND_OK, "lockdown", NULL, "none%s",
			   signs ? "; modules must be signed" : "");
}

/**
 * check_module - is the module loaded?
 * @doctor: what is known, and the output
 */
void check_module(struct doctor *doctor)
{
	if (doctor->loaded)
		doctor_say(doctor, FOUND_OK, "module", NULL, "version %s is loaded",
			   doctor->snapshot.version);
	else if (doctor->unaccepted)
		doctor_say(doctor, FOUND_FAIL, "module", "-> as root: modprobe unaccepted",
			   "not loaded: the cost of acceptance can be neither seen nor reduced");
	else
		doctor_say(doctor, FOUND_INFO, "module", NULL,
			   "not loaded; with nothing unaccepted it would have nothing to do");
}

/**
 * check_binding - what can the module do on this kernel, and what limits it?
 * @doctor: what is known, and the output
 */
void check_binding(struct doctor *doctor)
{
	const struct snapshot *snapshot = &doctor->snapshot;

	if (!doctor->loaded || !strcmp(snapshot->state, "absent"))
		return;
	if (!strcmp(snapshot->binding, "observe"))
		doctor_say(doctor, FOUND_WARN, "binding",
			   "-> if it was not loaded with binding=observe, send \"unacceptedctl report\"",
			   "observe: the module only counts. %s", snapshot->reason);
	else if (!strcmp(snapshot->owner, "module"))
		doctor_say(doctor, FOUND_OK, "binding", NULL,
			   "%s: the module decides what an allocation accepts", snapshot->binding);
	else
		doctor_say(doctor, FOUND_INFO, "binding",
			   "-> to let the module decide: load it with policy=module, or patch the kernel",
			   "%s: the kernel decides what an allocation accepts; the module accepts ahead and on request, but cannot see which allocations wait",
			   snapshot->binding);
}

/**
 * check_pressure - does the kernel measure pressure, by which the acceptor goes?
 * @doctor: what is known, and the output
 */
void check_pressure(struct doctor *doctor)
{
	if (!doctor->loaded || !sys_word("caps", "acceptor") || sys_word("caps", "pressure"))
		return;
	doctor_say(doctor, FOUND_INFO, "pressure", "-> boot with psi=1",
		   "the kernel does not measure it: the acceptor's mode idle looks at CPU time only, and ahead keeps all of its headroom while tasks wait");
}

/* Has virtio device @number, as the driver has negotiated, the feature @bit of a balloon? */
static bool balloon_has(unsigned int number, unsigned int bit)
{
	char path[64], line[256] = "";

	snprintf(path, sizeof(path), VIRTIO "%u/device", number);
	/* Virtio 1.2, section 5: device 5 is the balloon. */
	if (file_line(path, line, sizeof(line)) || strtoul(line, NULL, 16) != 5)
		return false;
	/* Linux refuses the device in a confidential guest, after it has set its features. */
	snprintf(path, sizeof(path), VIRTIO "%u/driver", number);
	if (!file_exists(path))
		return false;
	snprintf(path, sizeof(path), VIRTIO "%u/features", number);
	return !file_line(path, line, sizeof(line)) && strlen(line) > bit && line[bit] == '1';
}

/**
 * check_reporting - does the guest report free memory, which the host then takes back?
 * @doctor: what is known, and the output
 */
void check_reporting(struct doctor *doctor)
{
	unsigned int number;

	for (number = 0; number < VIRTIO_DEVICES; number++) {
		if (!balloon_has(number, BALLOON_F_REPORTING))
			continue;
		doctor_say(doctor, FOUND_WARN, "balloon",
			   "-> start the guest without free-page-reporting=on, or leave the acceptor off",
			   "virtio-balloon reports free memory to the host, which may take it back: what the acceptor accepts ahead is reported after some seconds");
		return;
	}
}
