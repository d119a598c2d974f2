// SPDX-License-Identifier: GPL-2.0
/*
 * Compares the prototype of a function that the module calls by its address with the
 * one in the kernel's type information (BTF). The compiler cannot do it, because the
 * function is declared in a header that modules cannot include.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/build_bug.h>
#include <linux/static_call.h>

#include "bind.h"

#ifdef CONFIG_DEBUG_INFO_BTF
typedef s32 bpf_find_btf_id_fn(const char *name, u32 kind, struct btf **btf);
typedef void btf_put_fn(struct btf *btf);

static_assert(__same_type(bpf_find_btf_id, bpf_find_btf_id_fn));
static_assert(__same_type(btf_put, btf_put_fn));

/* By name, because not every kernel exports them. */
DEFINE_STATIC_CALL_RET0(ua_bpf_find_btf_id, bpf_find_btf_id_fn);
DEFINE_STATIC_CALL_NULL(ua_btf_put, btf_put_fn);

static bool find_functions(void)
{
	bpf_find_btf_id_fn *find = (void *)ua_bind_lookup("bpf_find_btf_id");
	btf_put_fn *put = (void *)ua_bind_lookup("btf_put");

	if (!find || !put)
		return false;
	static_call_update(ua_bpf_find_btf_id, find);
	static_call_update(ua_btf_put, put);
	return true;
}

/*
 * Is @function, a type in @btf, void f(struct page *)? Type 0 is void. The ids of
 * vmlinux's types are valid in the type information of every module, too.
 */
static bool takes_page(const struct btf *btf, s32 function, s32 page)
{
	const struct btf_type *type = btf_type_by_id(btf, function);

	type = btf_type_by_id(btf, type->type);
	if (type->type || btf_type_vlen(type) != 1)
		return false;
	type = btf_type_by_id(btf, btf_params(type)->type);
	return btf_type_is_ptr(type) && type->type == page;
}

/**
 * ua_bind_takes_page - does a function of the kernel have the prototype void f(struct page *)?
 * @name: the function
 *
 * Context: process context, at load, no lock held, after ua_bind_data(): updates static
 * calls.
 * Return: false if the kernel's type information says that it has another one; true
 * also if there is no such information.
 */
bool ua_bind_takes_page(const char *name)
{
	struct btf *btf;
	s32 page, function;
	bool ret;

	if (!find_functions())
		return true;
	page = static_call(ua_bpf_find_btf_id)("page", BTF_KIND_STRUCT, &btf);
	if (page <= 0)
		return true;
	static_call_cond(ua_btf_put)(btf);
	function = static_call(ua_bpf_find_btf_id)(name, BTF_KIND_FUNC, &btf);
	if (function <= 0)
		return true;
	ret = takes_page(btf, function, page);
	static_call_cond(ua_btf_put)(btf);
	return ret;
}
#else
bool ua_bind_takes_page(const char *name)
{
	return true;
}
#endif
