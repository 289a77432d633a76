with own as (
    select
        indicator_code,
        territory_kato,
        period_month,
        revision_number,
        value,
        known_at,
        submission_id
    from {{ ref('int_indicator_revisions') }}
),

totals as (
    select
        totals.indicator_code,
        totals.territory_kato,
        totals.period_month,
        totals.revision_number,
        totals.value,
        totals.known_at,
        totals.submission_id
    from {{ ref('int_total_revisions') }} as totals
    left join own
        on
            totals.indicator_code = own.indicator_code
            and totals.territory_kato = own.territory_kato
            and totals.period_month = own.period_month
            and own.revision_number = 1
    where own.indicator_code is null
),

revisions as (
    select * from own
    union all
    select * from totals
),

counted as (
    select
        *,
        max(revision_number) over (
            partition by indicator_code, territory_kato, period_month
        ) as revisions_in_all
    from revisions
),

final as (
    select
        indicator_code,
        territory_kato,
        period_month,
        cast(revision_number as integer) as revision_number,
        cast(value as double) as value,
        cast(
            12 * ({{ year_of('known_at') }} - {{ year_of('period_month') }})
            + {{ month_of('known_at') }} - {{ month_of('period_month') }} as integer
        ) as months_after,
        submission_id,
        known_at as received_at,
        revision_number = revisions_in_all as is_latest
    from counted
    where revisions_in_all > 1
)

select * from final
