// SPDX-License-Identifier: GPL-2.0
/*
 * The binding to kernels with patches/: the module decides what an allocation
 * accepts, and a block that the platform refuses is an error, not a panic.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "../include/linux/unaccepted_hooks.h"
#include "bind.h"

static_assert(UA_FROM_END == UNACCEPTED_FROM_END);
static_assert(UA_TO_FRONT == UNACCEPTED_TO_FRONT);

static struct unaccepted_hooks hooks = {
	.version = UNACCEPTED_HOOKS_VERSION,
};

static int hooks_attach(const struct ua_upcalls *upcalls, const char **reason)
{
	int ret;

	hooks.below_watermark = upcalls->below_watermark;
	hooks.isolated = upcalls->isolated;
	ret = unaccepted_hooks_register(&hooks);
	*reason = ret == -EBUSY ? "another module has registered a policy" :
		  "the kernel refuses this version of the hooks";
	return ret;
}

static void hooks_detach(void)
{
	unaccepted_hooks_unregister(&hooks);
}

static int hooks_accept_block_at(struct zone *zone, unsigned long pfn)
{
	return unaccepted_accept_page(pfn_to_page(pfn), 0);
}

static struct ua_core hooks_core = {
	.name = "hooks",
	.unaccepted_pages = ua_bind_unaccepted_pages,
	.page_state = ua_bind_unaccepted_at,
	.accept_block = unaccepted_accept_block,
	.accept_block_at = hooks_accept_block_at,
	.policy_by_default = true,
	.attach = hooks_attach,
	.detach = hooks_detach,
};

/**
 * ua_bind - bind to a kernel with the hooks
 *
 * Context: process context, at load, no lock held.
 * Return: the binding "hooks", or an ERR_PTR of -ENOMEM.
 */
const struct ua_core *ua_bind(void)
{
	int ret = ua_bind_data(&hooks_core);

	return ret ? ERR_PTR(ret) : &hooks_core;
}
