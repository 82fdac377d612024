-- Plans the next statement of this transaction for its own parameters: a generic plan cannot know which filters are absent. And along an
-- index, in its order: reading everything that fits and sorting it looks attractive whenever that is thought to be little.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('enable_bitmapscan', 'off', true),
    set_config('enable_seqscan', 'off', true)
