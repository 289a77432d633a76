-- What a report says about the month before it: the form of March prints March itself, so its year
-- to date without it is what February must have been. Where no month is printed, a year to date
-- below that of the month before says that February is now at most this much.
-- A report is compared with the version of the month before that was known with it, and only within
-- the same borders: what a territory lost with its area was not told differently.
with versions as (
    select * from {{ ref('int_indicator_versions') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

year_to_date as (
    select
        versions.*,
        borders.borders_from
    from versions
    inner join indicators on versions.indicator_code = indicators.indicator_code
    left join borders
        on
            versions.territory_kato = borders.territory_kato
            and versions.period_month = borders.period_month
    where
        versions.basis = 'ytd'
        and versions.value is not null
        and indicators.measure_type = 'flow'
),

months as (
    select
        indicator_code,
        territory_kato,
        period_month,
        min(received_at) as first_received_at,
        lag(period_month) over ({{ within_year('indicator_code', 'territory_kato') }})
            as previous_month,
        lag(min(received_at)) over ({{ within_year('indicator_code', 'territory_kato') }})
            as previous_first_received_at
    from year_to_date
    group by indicator_code, territory_kato, period_month, borders_from
),

printed_months as (
    select
        indicator_code,
        territory_kato,
        submission_id,
        value
    from versions
    where basis = 'month'
),

followers as (
    select
        year_to_date.indicator_code,
        year_to_date.territory_kato,
        year_to_date.period_month as reported_month,
        months.previous_month,
        year_to_date.submission_id,
        year_to_date.version_number,
        year_to_date.value,
        case
            when {{ add_months('year_to_date.period_month', -1) }} = months.previous_month
                then printed_months.value
        end as value_printed,
        greatest(year_to_date.received_at, months.previous_first_received_at) as known_at
    from year_to_date
    inner join months
        on
            year_to_date.indicator_code = months.indicator_code
            and year_to_date.territory_kato = months.territory_kato
            and year_to_date.period_month = months.period_month
    left join printed_months
        on
            year_to_date.indicator_code = printed_months.indicator_code
            and year_to_date.territory_kato = printed_months.territory_kato
            and year_to_date.submission_id = printed_months.submission_id
    where months.previous_month is not null
),

report_pairs as (
    select
        followers.*,
        year_to_date.value as previous_value,
        row_number() over (
            partition by
                followers.indicator_code,
                followers.territory_kato,
                followers.submission_id
            order by year_to_date.version_number desc
        ) as recency
    from followers
    inner join year_to_date
        on
            followers.indicator_code = year_to_date.indicator_code
            and followers.territory_kato = year_to_date.territory_kato
            and followers.previous_month = year_to_date.period_month
            and followers.known_at >= year_to_date.received_at
),

final as (
    select
        indicator_code,
        territory_kato,
        previous_month as period_month,
        reported_month,
        submission_id,
        version_number,
        known_at,
        case
            when value_printed is not null then value - value_printed
            else least(value, previous_value)
        end as value,
        previous_value,
        value < previous_value as is_fall,
        value_printed is null as is_bound
    from report_pairs
    where recency = 1
)

select * from final
