-- The history of a year-to-date figure, for figures that were ever told differently: its own
-- versions and what the report of the following month said about it, in the order in which they
-- became known. The first own version begins it.
with versions as (
    select * from {{ ref('int_indicator_versions') }}
),

implied as (
    select * from {{ ref('int_indicator_implied') }}
),

own as (
    select
        indicator_code,
        territory_kato,
        period_month,
        period_month as reported_month,
        submission_id,
        version_number,
        received_at as known_at,
        value,
        false as is_fall,
        false as is_bound
    from versions
    where basis = 'ytd'
),

touched as (
    select
        indicator_code,
        territory_kato,
        period_month
    from own
    group by indicator_code, territory_kato, period_month
    having count(*) > 1
    union distinct
    select
        indicator_code,
        territory_kato,
        period_month
    from implied
    where value != previous_value
),

told as (
    select * from own
    union all
    select
        indicator_code,
        territory_kato,
        period_month,
        reported_month,
        submission_id,
        cast(null as bigint) as version_number,
        known_at,
        value,
        is_fall,
        is_bound
    from implied
),

ordered as (
    select
        told.*,
        row_number() over (
            partition by told.indicator_code, told.territory_kato, told.period_month
            order by
                told.known_at,
                told.reported_month,
                told.version_number nulls last,
                told.submission_id
        ) as telling
    from told
    inner join touched
        on
            told.indicator_code = touched.indicator_code
            and told.territory_kato = touched.territory_kato
            and told.period_month = touched.period_month
),

followed as (
    select
        *,
        lag(value) over (
            partition by indicator_code, territory_kato, period_month order by telling
        ) as previous_value,
        lag(submission_id) over (
            partition by indicator_code, territory_kato, period_month order by telling
        ) as previous_submission_id
    from ordered
),

final as (
    select
        indicator_code,
        territory_kato,
        period_month,
        reported_month,
        submission_id,
        previous_submission_id,
        known_at,
        value,
        previous_value,
        is_fall,
        is_bound,
        row_number() over (
            partition by indicator_code, territory_kato, period_month order by telling
        ) as revision_number,
        first_value(value) over (
            partition by indicator_code, territory_kato, period_month order by telling
        ) as first_value
    from followed
    where
        telling = 1
        or value != previous_value
        or (value is null) != (previous_value is null)
)

select * from final
