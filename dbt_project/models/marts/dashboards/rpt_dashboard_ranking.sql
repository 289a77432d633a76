with indicators as (
    select * from {{ ref('dim_indicator') }}
),

figures as (
    select * from {{ ref('rpt_dashboard_figures') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

-- The number of people that the rate is formed of; nobody where borders moved in the year.
exposed as (
    select
        figures.*,
        territories.parent_kato as peers_kato,
        coalesce(borders.is_mixed_year, false) as is_mixed_year,
        case
            when borders.is_mixed_year then null
            when figures.ytd_per_100k > 0 then figures.ytd_value * 100000.0 / figures.ytd_per_100k
            when figures.ytd_per_100k = 0 then cast(territories.population as double)
        end as people
    from figures
    inner join indicators on figures.indicator_code = indicators.indicator_code
    inner join territories on figures.territory_kato = territories.territory_kato
    left join borders
        on
            figures.territory_kato = borders.territory_kato
            and figures.period_month = borders.period_month
    where indicators.is_ranked and figures.depth > 0
),

bounded as (
    select
        *,
        case
            when ytd_value >= 0 and people > 0
                then 100000.0 * ({{ byar_low('cast(ytd_value as double)') }}) / people
        end as rate_low,
        case
            when ytd_value >= 0 and people > 0
                then 100000.0 * ({{ byar_high('cast(ytd_value as double)') }}) / people
        end as rate_high
    from exposed
),

peers as (
    select
        indicator_code,
        period_month,
        peers_kato,
        100000.0 * sum(case when rate_low is not null then ytd_value end)
        / nullif(sum(case when rate_low is not null then people end), 0) as peers_rate,
        max(rate_high) as peers_highest_limit
    from bounded
    group by indicator_code, period_month, peers_kato
),

places as (
    select
        bounded.indicator_code,
        bounded.territory_kato,
        bounded.period_month,
        cast(
            1 + sum(case when other.rate_low > bounded.rate_high then 1 else 0 end) as integer
        ) as rank_from,
        cast(
            sum(case when other.rate_high < bounded.rate_low then 0 else 1 end) as integer
        ) as rank_to,
        cast(count(*) as integer) as ranked_units
    from bounded
    inner join bounded as other
        on
            bounded.indicator_code = other.indicator_code
            and bounded.period_month = other.period_month
            and bounded.peers_kato = other.peers_kato
    where bounded.rate_low is not null and other.rate_low is not null
    group by bounded.indicator_code, bounded.territory_kato, bounded.period_month
),

final as (
    select
        bounded.indicator_code,
        bounded.indicator_ru,
        bounded.indicator_kk,
        bounded.territory_kato,
        bounded.territory_ru,
        bounded.territory_kk,
        bounded.region_ru,
        bounded.region_kk,
        bounded.district_ru,
        bounded.district_kk,
        bounded.depth,
        bounded.period_month,
        bounded.period_label,
        bounded.precedence,
        bounded.ytd_value,
        case when not bounded.is_mixed_year then bounded.ytd_per_100k end as ytd_per_100k,
        bounded.rate_low,
        bounded.rate_high,
        peers.peers_rate,
        peers.peers_highest_limit,
        case
            when bounded.is_mixed_year then 'border_change'
            when bounded.rate_low is null or peers.peers_rate is null then 'unknown'
            when bounded.rate_low > peers.peers_rate then 'higher'
            when bounded.rate_high < peers.peers_rate then 'lower'
            else 'same'
        end as comparison,
        places.rank_from,
        places.rank_to,
        places.ranked_units,
        bounded.ytd_status,
        bounded.ytd_status_reason
    from bounded
    left join peers
        on
            bounded.indicator_code = peers.indicator_code
            and bounded.period_month = peers.period_month
            and bounded.peers_kato = peers.peers_kato
    left join places
        on
            bounded.indicator_code = places.indicator_code
            and bounded.territory_kato = places.territory_kato
            and bounded.period_month = places.period_month
)

select * from final
order by indicator_code, period_month, territory_kato
