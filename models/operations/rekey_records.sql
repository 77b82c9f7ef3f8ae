{{ config(meta={'arguments': ['in_old_key string', 'in_new_key string']}) }}
-- Moves what is certain, or, where both keys are given, that one pair, certain or not. What has
-- been moved is no longer in amd_merges: a second call changes nothing.
{{ rekey_merged_charts(
    "if(in_old_key = '', merges.is_certain, "
    ~ "merges.old_natural_key = in_old_key and merges.new_natural_key = in_new_key)"
) }}
