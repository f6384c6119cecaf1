import type { ServiceNoticeJson } from '@wakefield/contracts';
import type { Notice, NoticeKey } from '@wakefield/domain';

/** The same for every try, so that its receiver knows it again. Without a dot, which separates what is signed. */
export function noticeId({ serviceId, kind, seq }: NoticeKey): string {
  return `${serviceId}_${kind}_${seq}`;
}

/** The notice as it is sent. */
export function noticeBody({ serviceId, kind, at, facts }: Notice): ServiceNoticeJson {
  const { clusterJobId, name, recipe, project, cluster, state, reason, endsAt } = facts;
  return {
    type: `service.${kind}`,
    timestamp: new Date(at).toISOString(),
    data: {
      ...{ id: clusterJobId ?? serviceId, uuid: serviceId, name, recipe_name: recipe, project },
      ...{ status: state, reason, cluster },
      ends_at: endsAt === null ? null : new Date(endsAt).toISOString(),
    },
  };
}
