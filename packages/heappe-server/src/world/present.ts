import type { VersionTraits } from '../versions.ts';
import { date } from './dates.ts';
import type { NodeType, Project, Template, TemplateParameter, World } from './types.ts';

/** CommandTemplateExt: all parameters, whether the job has to supply them or not. */
export function presentTemplate(template: Template): object {
  return {
    Id: template.id,
    Name: template.name,
    Description: template.description,
    ExtendedAllocationCommand: template.extendedAllocationCommand,
    IsGeneric: false,
    IsEnabled: template.isEnabled,
    CreatedFromGenericTemplateId: null,
    TemplateParameters: template.parameters.map(({ identifier, description }) => ({
      Identifier: identifier,
      Description: description,
    })),
  };
}

/** ExtendedCommandTemplateExt, for managers. */
export function presentExtendedTemplate(template: Template): object {
  return {
    Id: template.id,
    Name: template.name,
    Description: template.description,
    ExtendedAllocationCommand: template.extendedAllocationCommand,
    ExecutableFile: template.executableFile,
    PreparationScript: template.preparationScript,
    CommandParameters: template.commandParameters,
    IsGeneric: false,
    IsEnabled: template.isEnabled,
    ProjectId: template.projectId ?? 0,
    ClusterNodeTypeId: template.clusterNodeTypeId,
    CreatedFromGenericTemplateId: null,
    TemplateParameters: template.parameters.map(presentParameter),
  };
}

export function presentParameter(parameter: TemplateParameter): object {
  return {
    Id: parameter.id,
    Identifier: parameter.identifier,
    Description: parameter.description,
    Query: parameter.query,
  };
}

/** ProjectExt. */
export function presentProject(
  project: Project,
  templates: readonly Template[],
  world: World,
  traits: VersionTraits,
): object {
  const paths = world.assignments
    .filter(({ projectId }) => projectId === project.id)
    .map(({ clusterId, scratchStoragePath, projectStoragePath }) => ({
      ClusterId: clusterId,
      ClusterName: world.clusters.find(({ id }) => id === clusterId)?.name ?? null,
      ScratchStoragePath: scratchStoragePath,
      ProjectStoragePath: projectStoragePath,
    }));
  return {
    Id: project.id,
    Name: project.name,
    Description: project.description,
    AccountingString: project.accountingString,
    StartDate: date(project.startDate, false),
    EndDate: date(project.endDate, false),
    UsageType: project.usageType,
    UseAccountingStringForScheduler: project.useAccountingStringForScheduler,
    IsOneToOneMapping: project.isOneToOneMapping,
    KeyScriptsDirectoryPath: `~/.HEAppE/.${project.accountingString}/.key_scripts`,
    CommandTemplates: templates.map(presentTemplate),
    ...(traits.storagePaths ? { ClusterProjectStoragePaths: paths } : {}),
  };
}

/** ClusterNodeTypeExt; management calls tell it without projects. */
export function presentNodeTypeOf(nodeType: NodeType, projects: readonly object[] | null): object {
  return {
    Id: nodeType.id,
    Name: nodeType.name,
    Description: nodeType.description,
    ClusterId: nodeType.clusterId,
    NumberOfNodes: nodeType.numberOfNodes,
    CoresPerNode: nodeType.coresPerNode,
    MaxWalltime: nodeType.maxWalltime,
    FileTransferMethodId: nodeType.fileTransferMethodId,
    Queue: nodeType.queue,
    QualityOfService: nodeType.qualityOfService,
    ClusterAllocationName: null,
    ClusterNodeTypeAggregation: {
      Id: 1,
      Name: 'aggregation',
      Description: null,
      AllocationType: nodeType.allocationType,
      ValidityFrom: '2020-01-01T00:00:00',
      ValidityTo: null,
    },
    Accounting: [],
    Projects: projects,
  };
}
