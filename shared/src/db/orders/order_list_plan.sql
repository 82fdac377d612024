-- Plans the next statement of this transaction for its own parameters: a generic plan cannot know which filters are absent.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)
