-- Every source row is accounted for: the states add up to the outbox and to what the build read,
-- no record is in two states, and a state that needs a reason has one. One test for all of it, as
-- the view behind it is the dearest of the project. Names, counts and a record_ref, never values.
with statuses as (

    select * from {{ ref('sync_status') }}

),

outbox_records as (

    select * from {{ ref('outbox_records') }}

),

patients as (

    select * from {{ ref('base_amd__patients') }}

),

rois as (

    select * from {{ ref('base_amd__rois') }}

),

records as (

    select
        entity,
        record_ref,
        count(*) as status_rows,
        sum(source_rows) as source_rows,
        logical_and(coalesce(
            state in (
                'create', 'update', 'unchanged', 'protected', 'quarantined', 'failed', 'excluded'
            ),
            false
        )) as is_state_known,
        logical_and(
            (reason is not null) = (state in ('quarantined', 'failed', 'excluded'))
        ) as is_reason_right,
    from statuses
    group by entity, record_ref

),

decided as (

    select
        entity,
        sum(source_rows) as source_rows,
        countif(record_ref is null or status_rows > 1) as doubled,
        countif(not is_state_known) as unknown,
        countif(not is_reason_right) as misreasoned,
        min(if(status_rows > 1 or not is_state_known or not is_reason_right, record_ref, null))
            as record_ref,
    from records
    group by entity

),

outboxes as (

    select
        entity,
        sum(source_rows) as source_rows,
    from outbox_records
    group by entity

),

captures as (

    select
        'patients' as entity,
        sum(source_rows) as source_rows,
    from patients
    union all
    select
        'rois' as entity,
        sum(source_rows) as source_rows,
    from rois

),

compared as (

    select
        coalesce(outboxes.entity, decided.entity) as entity,
        decided.record_ref,
        coalesce(outboxes.source_rows, 0) - coalesce(decided.source_rows, 0) as undecided,
        coalesce(captures.source_rows - outboxes.source_rows, 0) as lost,
        coalesce(decided.doubled, 0) as doubled,
        coalesce(decided.unknown, 0) as unknown,
        coalesce(decided.misreasoned, 0) as misreasoned,
    from outboxes
    -- What staff are told has a state, and no row of the source.
    full outer join decided
        on outboxes.entity = decided.entity
    left join captures
        on outboxes.entity = captures.entity

),

problems as (

    select
        compared.entity,
        compared.record_ref,
        problem.problem,
        problem.count_value,
    from compared
    cross join unnest([
        struct('source rows of the outbox without a state' as problem, undecided as count_value),
        struct('captured source rows that are not in the outbox' as problem, lost as count_value),
        struct('records in two states, or without a record_ref' as problem, doubled as count_value),
        struct('records in a state that nobody knows' as problem, unknown as count_value),
        struct('records with a missing or a needless reason' as problem, misreasoned as count_value)
    ]) as problem
    where problem.count_value != 0

)

select * from problems
