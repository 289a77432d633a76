-- The history of a year-to-date figure, for figures that were ever told differently: its own
-- versions and what the report of the following month said about it, in the order in which they
-- became known. The first own version begins it.
with versions as (
    select * from {{ ref('int_indicator_versions') }}
),

implied_versions as (
    select * from {{ ref('int_indicator_implied') }}
),

own_versions as (
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

retold_figures as (
    select
        indicator_code,
        territory_kato,
        period_month
    from own_versions
    group by indicator_code, territory_kato, period_month
    having count(*) > 1
    union distinct
    select
        indicator_code,
        territory_kato,
        period_month
    from implied_versions
    where value != previous_value
),

tellings as (
    select * from own_versions
    union all
    select
        indicator_code,
        territory_kato,
        period_month,
        reported_month,
        submission_id,
        version_number,
        known_at,
        value,
        is_fall,
        is_bound
    from implied_versions
),

numbered_tellings as (
    select
        tellings.*,
        row_number() over (
            partition by tellings.indicator_code, tellings.territory_kato, tellings.period_month
            order by
                tellings.known_at,
                tellings.reported_month,
                tellings.version_number
        ) as telling
    from tellings
    inner join retold_figures
        on
            tellings.indicator_code = retold_figures.indicator_code
            and tellings.territory_kato = retold_figures.territory_kato
            and tellings.period_month = retold_figures.period_month
),

successive_tellings as (
    select
        *,
        lag(value) over (
            partition by indicator_code, territory_kato, period_month order by telling
        ) as previous_value,
        lag(submission_id) over (
            partition by indicator_code, territory_kato, period_month order by telling
        ) as previous_submission_id
    from numbered_tellings
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
    from successive_tellings
    where
        telling = 1
        or value != previous_value
        or (value is null) != (previous_value is null)
)

select * from final
